"""The whole way on real records: German intensive-care beds, from the register's file to a served answer."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import read_hospital
from hospital.ingest.pseudonyms import load_or_create_key
from hospital.mapping.mapping_file import load_mapping
from hospital.times import DAY, moment
from registry.record.database import open_database, writing
from registry.record.tokens import create_token
from registry.settings import Settings
from registry.trust.keys import load_key
from serving.composition import real_parts
from serving.state.history_import import rows_since
from serving.state.observations import import_rows
from tests.support.new_databases import new_mlflow
from tests.support.repository import ROOT
from tests.support.serving_fakes import InProcess

pytestmark = pytest.mark.usefixtures("english")

MAPPING = ROOT / "docs" / "mappings" / "divi.toml"


@pytest.mark.real_data
def test_the_register_goes_the_whole_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mapped, trained, checked, approved, released, served and explained; what it gains is printed as it is."""
    folder = os.environ.get("VIGIE_REAL_DATA")
    if not folder:
        pytest.skip("VIGIE_REAL_DATA is not set: the real data sets are not on this machine")
    file = str(Path(folder) / "divi_icu_beds_daily_2020_2025.parquet")
    home = tmp_path / "home"
    monkeypatch.setenv("VIGIE_HOME", str(home))
    new_mlflow(home)
    keys = {}
    for name, role in (("author", "author"), ("ada", "board"), ("bob", "board"), ("rene", "releaser")):
        keys[name] = str(tmp_path / f"{name}.key")
        assert main(["key", "create", name, "--out", keys[name]]) == 0
        assert main(["key", "trust", name, load_key(Path(keys[name])).public_key, "--role", role]) == 0
    assert main(["trust", "init", "--key", keys["ada"], "--key", keys["bob"]]) == 0
    said = ["--mapping", str(MAPPING), "--test-from", "2024-08-22", "--key", keys["author"], "--no-ablation"]
    assert main(["train", "bed-demand", "--data", file, *said]) == 0
    assert main(["check", "bed-demand", "1", "--language", "en"]) == 0
    for name in ("ada", "bob"):
        assert main(["review", "bed-demand", "1", "--approve", "--comment", "read", "--key", keys[name]]) == 0
    assert main(["promote", "bed-demand", "1", "--key", keys["rene"]]) == 0

    settings = Settings(home=home)
    tables = read_hospital(Path(file), load_mapping(MAPPING), load_or_create_key(home / "pseudonym.key"))
    end = 0
    with writing(open_database(settings.database)) as connection:
        for name, frame in tables.tables.items():
            columns = columns_of(frame, name)
            end = max(end, int(columns["received_at"].max()))
            import_rows(
                connection, name, rows_since(name, columns, end - 90 * DAY if name == "census" else 0)
            )
        token = create_token(connection, "test", ["application"], now=datetime.now(UTC))
    parts = real_parts(settings.model_copy(update={"clock_start": moment(end)}))
    parts.releases.refresh()
    release = parts.releases.current("bed-demand")
    for row in _performance(home):
        print(
            f"{row['horizon_hours'] / 24:g} days ahead: {row['mae']:.1f} beds, {row['baseline']} "
            f"{row['baseline_mae']:.1f}, gain {100 * row['gain'][0]:.1f} %"
        )
    body = {"units": [u.unit for u in release.units], "horizons_hours": [24, 168]}
    response = InProcess(parts).request(
        "POST", "/v1/bed-demand", json=body, headers={"authorization": f"Bearer {token}"}
    )
    assert response.status_code == 200, response.text
    forecasts = response.json()["forecasts"]
    assert len(forecasts) == 32
    groups = {u.unit: u.group for u in release.units}
    for found in forecasts:
        inside = (groups[found["unit"]], found["horizon_hours"]) in release.scope
        # A state whose recent outcomes fell outside its intervals is degraded, and says so.
        moved = any(
            words.startswith("The unit's level may have changed") for words in found["trust"]["warnings"]
        )
        status = "degraded" if moved else "trusted" if inside else "baseline"
        assert found["trust"]["status"] == status, found["trust"]
        explanation = found["explanation"]
        total = explanation["base"] + explanation["other"]
        total += sum(c["contribution"] for c in explanation["contributions"])
        total += sum(a["contribution"] for a in explanation["adjustments"])
        assert abs(total - found["beds"]["p50"]) < 1e-4
        assert found["beds"]["p10"] <= found["beds"]["p50"] <= found["beds"]["p90"]
    assert any(f["trust"]["status"] == "trusted" for f in forecasts)
    parts.workers.close()
    parts.close()


def _performance(home: Path) -> list[dict[str, Any]]:
    from registry.candidates.candidates import candidate

    report = candidate(home / "candidates", "bed-demand", "1").json("report.json")
    return [row for row in report["performance"] if row["unit_group"] == "all"]
