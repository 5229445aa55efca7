"""A hospital whose visits name no emergency department: its own file, a mapping, training, a check and the service."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from cli.main import main
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.ingest.pseudonyms import load_or_create_key
from hospital.mapping.mapping_file import load_mapping
from hospital.simulator import simulate, write
from hospital.times import moment
from registry.candidates.candidates import candidate
from registry.model.forecast_model import ForecastModel
from tests.support.installation import Installation
from tests.support.new_databases import new_mlflow
from tests.support.small_demo import release_trained, served_from

pytestmark = pytest.mark.usefixtures("english")

OWN_NAMES = {"visit_id": "NUM_PASSAGE", "arrived_at": "ENTREE", "triage": "TRI", "seen_at": "PREMIER_CONTACT"}
HEAD = (
    '[mapping]\nname = "Urgences"\nzone = "Europe/Paris"\n'
    '[tables.visits]\nfile = "passages.csv"\n[tables.visits.columns]\n'
)


class OwnHospital:
    """One emergency department, which no column names: a file in the hospital's own words and its mapping."""

    def __init__(self, root: Path) -> None:
        self.data, self.mapping = root / "data", root / "hospital.toml"
        self.installation = Installation.make(root / "home")
        new_mlflow(root / "home")
        write(simulate(200, seed=35, scale=0.15), root / "simulated")
        visits = pd.read_parquet(root / "simulated" / "visits.parquet").drop(columns="department")
        self.data.mkdir()
        visits.rename(columns=OWN_NAMES).to_csv(self.data / "passages.csv", index=False)
        columns = [c for c in visits.columns if c not in ("sex", "language", "insurance")]
        lines = [f'{column} = "{OWN_NAMES.get(column, column)}"' for column in columns]
        audit = ["[tables.visits.audit]", 'sex = "sex"']
        self.mapping.write_text(HEAD + "\n".join([*lines, *audit]) + "\n")

    def read(self) -> HospitalTables:
        """Its tables through the mapping."""
        key = load_or_create_key(self.installation.settings.home / "pseudonym.key")
        return read_hospital(self.data, load_mapping(self.mapping), key)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnHospital]:
    """Its visits of 200 days, trained on the command line, but for the ablation table, which nothing here looks at."""
    hospital = OwnHospital(tmp_path_factory.mktemp("own"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGIE_HOME", str(hospital.installation.settings.home))
        train = ["train", "wait-time", "--data", str(hospital.data), "--mapping", str(hospital.mapping)]
        assert main([*train, "--no-ablation"]) == 0
        yield hospital


def test_the_package_knows_no_department(own: OwnHospital) -> None:
    """One group of waits, and no feature of a department."""
    package = candidate(own.installation.settings.candidates, "wait-time", "1").package
    model = ForecastModel(package)
    assert "department" not in {feature.name for feature in model.features}
    assert model.waits_or_raise is not None


def test_its_check_judges_every_gate(own: OwnHospital, capsys: pytest.CaptureFixture[str]) -> None:
    """Its scope is that of the one department, under the name that stands for it; nothing ends in a traceback."""
    assert main(["check", "wait-time", "1"]) in (0, 1)
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    report = json.loads(
        (own.installation.settings.candidates / "wait-time" / "1" / "report.json").read_text(encoding="utf-8")
    )
    assert len(report["gates"]) == 7
    assert {cell["unit_group"] for cell in report["scope"]} <= {"emergency"}


def test_its_service_forecasts_sensibly(own: OwnHospital) -> None:
    """Urgent patients wait less, reasons add up, and who names a department is answered, and warned."""
    tables = own.read()
    release_trained(own.installation, tables, "wait-time", "2", "emergency")
    demo = served_from(own.installation.settings, tables)
    service = demo.service()
    try:
        now = moment(demo.end).isoformat()
        known = {"arrived_at": now, "triaged_at": now, "age_years": 50, "arrival_mode": "walk_in"}
        visits = [{**known, "visit_id": f"v{level}", "triage": level} for level in ("2", "3B", "5")]
        answers = service.ask("/v1/wait-time", {"visits": visits})["predictions"]
        waits = [answer["wait_minutes"]["p50"] for answer in answers]
        assert 0 < waits[0] < waits[2] < 600, waits
        for answer in answers:
            wait, told = answer["wait_minutes"], answer["explanation"]
            assert wait["p10"] < wait["p50"] < wait["p90"]
            total = told["base"] + told["other"] + sum(c["contribution"] for c in told["contributions"])
            total += sum(a["contribution"] for a in told["adjustments"])
            assert total == pytest.approx(wait["p50"], abs=1e-4)
        named = service.ask("/v1/wait-time", {"visits": [{**visits[1], "department": "ED"}]})
        assert named["predictions"][0]["trust"]["status"] in ("trusted", "degraded")
        assert "Attente" in service.page("/?language=fr") or "attente" in service.page("/?language=fr")
    finally:
        service.close()
