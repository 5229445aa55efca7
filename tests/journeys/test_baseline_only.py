"""A hospital with four months of history: a release of the baselines alone, checked, approved and served."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from hospital.dataset.splits import PARTS, least_days, split_history
from hospital.errors import HistoryError
from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import read_hospital
from hospital.ingest.pseudonyms import load_or_create_key
from hospital.simulator import simulate, write
from hospital.times import DAY, moment
from registry.candidates.candidates import candidate
from registry.cards.card_page import render_html
from registry.package.manifest import MODELS
from registry.record.database import open_database, writing
from registry.record.tokens import create_token
from registry.releases.releases import current_release
from registry.settings import Settings
from registry.trust.keys import load_key
from serving.composition import real_parts
from serving.gateway.service_parts import Parts
from serving.state.history_import import rows_since
from serving.state.observations import import_rows
from tests.support.new_databases import new_mlflow
from tests.support.serving_fakes import InProcess

pytestmark = pytest.mark.usefixtures("english")

DAYS = 120


@dataclass(frozen=True)
class Home:
    """An installation with a baseline-only release of each model."""

    settings: Settings
    data: Path
    keys: Path


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A short simulated history, and an installation with its people and nothing released."""
    root = tmp_path_factory.mktemp("short")
    write(simulate(DAYS, seed=3), root / "data")
    found = Home(Settings(home=root / "home"), root / "data", root / "keys")
    new_mlflow(found.settings.home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGIE_HOME", str(root / "home"))
        for name, role in (("author", "author"), ("ada", "board"), ("bob", "board"), ("rene", "releaser")):
            key = str(root / "keys" / f"{name}.key")
            assert main(["key", "create", name, "--out", key]) == 0
            assert main(["key", "trust", name, load_key(Path(key)).public_key, "--role", role]) == 0
        for name in ("ada", "bob"):  # each where their key is: the first signature is kept for the second
            signed = main(["trust", "init", "--key", str(root / "keys" / f"{name}.key")])
            assert signed == (2 if name == "ada" else 0)
        yield found


def key(home: Home, name: str) -> str:
    """The path of a person's key."""
    return str(home.keys / f"{name}.key")


@pytest.fixture(scope="module")
def home(installed: Home) -> Home:
    """Both models of it, the whole way on the command line."""
    for model in MODELS:
        author = ["--key", key(installed, "author")]
        assert main(["train", model, "--data", str(installed.data), "--baseline-only", *author]) == 0
        assert main(["check", model, "1"]) == 0
        for name in ("ada", "bob"):
            approve = ["review", model, "1", "--approve", "--comment", "read", "--key", key(installed, name)]
            assert main(approve) == 0
        assert main(["promote", model, "1", "--key", key(installed, "rene")]) == 0
    return installed


@pytest.mark.parametrize("model", MODELS)
def test_a_short_history_is_offered_the_baseline(
    installed: Home, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model cannot be trained, and the refusal says what can."""
    assert main(["train", model, "--data", str(installed.data)]) == 2
    told = capsys.readouterr().err
    assert "too short" in told
    assert "--baseline-only" in told


@pytest.mark.parametrize("model", MODELS)
def test_it_is_checked_approved_and_released(home: Home, model: str) -> None:
    """Its package holds no trees; the policy's own gates of such a package open; the board and the releaser sign."""
    package, beds = candidate(home.settings.candidates, model, "1").package, model == "bed-demand"
    files = {"manifest.json", "baseline.json", "profile.json"} | (
        {"adaptive.json", "hospital.json"} if beds else set()
    )
    names = {p.name for p in package.iterdir()}
    assert files <= names <= files | ({"exceedance.json", "groups.json"} if beds else set())
    report = candidate(home.settings.candidates, model, "1").json("report.json")
    assert {g["name"]: g["verdict"] for g in report["gates"]} == {"contract": "pass", "calibration": "pass"}
    assert report["scope"] == []
    release = current_release(home.settings, model)
    assert release is not None
    assert (release.version, release.scope) == ("1", frozenset())


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("model", MODELS)
def test_its_card_says_what_it_is(home: Home, model: str, language: str) -> None:
    """One page in both languages, which speaks of the baseline and claims no gain and no trees."""
    page = render_html(candidate(home.settings.candidates, model, "1").json("card.json"), language)  # type: ignore[arg-type]
    assert ("prévision de référence" if language == "fr" else "baseline") in page.lower()
    assert ("ne promet aucun gain" if language == "fr" else "promises no gain") in page
    assert ("gain de" if language == "fr" else "a gain of") not in page
    assert ("pour lesquels le modèle parle" if language == "fr" else "the model speaks") not in page
    assert "None" not in page


def served(home: Home) -> tuple[Parts, dict[str, str]]:
    """The service on the releases, with the last weeks of the data, at the end of them."""
    tables = read_hospital(home.data, None, load_or_create_key(home.settings.home / "pseudonym.key"))
    end = 0
    with writing(open_database(home.settings.database)) as connection:
        for name, frame in tables.tables.items():
            columns = columns_of(frame, name)
            end = max(end, int(columns["received_at"].max())) if name in ("visits", "stays") else end
            since = 0 if name == "units" else moment_since(columns, 60)
            import_rows(connection, name, rows_since(name, columns, since))
        token = create_token(connection, "test", ["application"], now=datetime.now(UTC))
    parts = real_parts(home.settings.model_copy(update={"clock_start": moment(end)}))
    parts.releases.refresh()
    return parts, {"authorization": f"Bearer {token}"}


def moment_since(columns: dict[str, Any], days: int) -> int:
    """So many days before a table's last reception, an instant."""
    return int(columns["received_at"].max()) - days * DAY


def test_it_answers_with_the_rule_and_says_so(home: Home) -> None:
    """Outside any scope: status ``baseline``, the baseline as the reason, and everything adds up."""
    parts, headers = served(home)
    client = InProcess(parts)
    now = moment(parts.clock.now()).isoformat()
    visit = {"visit_id": "v", "arrived_at": now, "triaged_at": now, "triage": "3A"}
    body: dict[str, Any] = {"visits": [visit], "explain": {"language": "en"}}
    waits = client.request("POST", "/v1/wait-time", json=body, headers=headers)
    assert waits.status_code == 200, waits.text
    units = [u.unit for u in parts.releases.current("bed-demand").units]
    body = {"units": units, "horizons_hours": [4, 24, 168], "hospital": True, "explain": {"language": "fr"}}
    beds = client.request("POST", "/v1/bed-demand", json=body, headers=headers)
    assert beds.status_code == 200, beds.text
    (wait,) = waits.json()["predictions"]
    assert "aseline" in wait["explanation"]["reasons"][0]
    assert all(f["explanation"]["reasons"] for f in beds.json()["forecasts"])
    wholes = beds.json()["hospital"]
    assert len(wholes) == 3
    assert all(len(w["units"]) == len(units) for w in wholes)
    said = "la prévision de référence répond pour toutes les unités, pas le modèle"
    assert all(said in w["trust"]["warnings"][0] for w in wholes)
    told = [*beds.json()["forecasts"], *wholes]
    for found, quantity in ((wait, "wait_minutes"), *((f, "beds") for f in told)):
        explanation = found["explanation"]
        assert found["trust"]["status"] == "baseline", found["trust"]
        assert explanation["contributions"] == []
        total = explanation["base"] + explanation["other"]
        total += sum(a["contribution"] for a in explanation["adjustments"])
        assert total == pytest.approx(found[quantity]["p50"], abs=1e-4)
        assert found[quantity]["p10"] <= found[quantity]["p50"] <= found[quantity]["p90"]
    parts.workers.close()
    parts.close()


def test_both_kinds_explain_in_bulk(home: Home, tmp_path: Path) -> None:
    """`vigie explain` writes the baseline's forecasts of every row."""
    import pyarrow.parquet as pq

    for model in MODELS:
        out = tmp_path / f"{model}.parquet"
        assert main(["explain", model, "--data", str(home.data), "--out", str(out)]) == 0
        table = pq.read_table(out)
        assert table.num_rows > 500
        assert set(table["trust_status"].to_pylist()) <= {"baseline", "degraded", None}


def test_the_parts_of_a_short_history(home: Home) -> None:
    """Fit, calibrate and judge with gaps; no scope; a day less than the least is refused."""
    gap = 7 * DAY
    days = least_days(gap, "baseline")
    split = split_history(0, days * DAY, gap=gap, kind="baseline")
    assert split.days("validation") == 0
    assert not split.members("validation", split_times(days)).any()
    told = [split.spans[p] for p in PARTS if p != "validation"]
    assert all(later[0] - earlier[1] == gap for earlier, later in itertools.pairwise(told))
    assert min(split.days(p) for p in PARTS if p != "validation") >= 14
    with pytest.raises(HistoryError, match=f"at least {days} are needed"):
        split_history(0, (days - 1) * DAY, gap=gap, kind="baseline")
    body = json.loads(json.dumps(split.to_json()))
    assert type(split).from_json(body) == split


def split_times(days: int) -> Any:
    """Every hour of so many days."""
    import numpy as np

    return np.arange(0, days * DAY, DAY // 24)
