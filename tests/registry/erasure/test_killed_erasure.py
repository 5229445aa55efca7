"""An erasure that is killed at any moment: the same command finishes it, and no copy of the person is left behind."""

import shutil
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from cli.main import main
from hospital.ingest.hospital_reader import HospitalTables
from hospital.ingest.pseudonyms import load_or_create_key, pseudonym
from registry.candidates.snapshots import open_snapshot, seal_snapshot, tombstone_of
from registry.erasure.sealed_files import SealedErasure, erase_from_sealed
from registry.folder_lock import one_at_a_time
from registry.model.scoring import read_reported, write_reported
from registry.record.database import opened_database
from registry.record.journal import entries_of
from registry.record.journal_audit import audit
from registry.settings import Settings
from registry.trust.service_keys import accepted_keys
from tests.support.killed_moments import KILLED, at_moment
from tests.support.new_databases import new_sqlite

pytestmark = pytest.mark.usefixtures("english")

SOURCE = "sha256:" + "1" * 64
ASKED = ["journal", "erase", "--subject", "Dupont-1984", "--reason", "request"]


class _Home:
    """A home with a snapshot and a report that name one person, and what was signed of both."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home)
        self.person = pseudonym(load_or_create_key(self.settings.pseudonym_key), "Dupont-1984")
        at = pd.to_datetime(["2025-03-01T10:00:00Z", "2025-03-05T10:00:00Z"])
        visits = pd.DataFrame({"visit_id": [self.person, "v2"], "arrived_at": at, "triage": ["3A", "2"]})
        tables = HospitalTables({"visits": visits}, ZoneInfo("UTC"), None, (), (), (), SOURCE)
        self.seal = seal_snapshot(self.settings.snapshots, tables)
        arrays = {"row_id": np.array([self.person, "v2"]), "p50": np.array([30.0, 40.0])}
        self.report = write_reported(self.settings.home / "evidence", arrays)

    @property
    def evidence(self) -> Path:
        """Where reports lie."""
        return self.settings.home / "evidence"

    def names(self, settings: Settings) -> list[set[str]]:
        """Whom a check finds: in the sealed table, and in the report."""
        keys = accepted_keys(settings)
        table = open_snapshot(settings.snapshots, SOURCE, self.seal, keys).tables["visits"]
        folder = settings.home / "evidence"
        path = folder / f"{self.report.removeprefix('sha256:')}.npz"
        stands = tombstone_of(path.with_suffix(".erased.json"), self.report, keys).files.get(path.name)
        reported = read_reported(folder, self.report, stands=stands)["row_id"]
        return [set(table["visit_id"]), {str(name) for name in reported}]

    def holding(self, settings: Settings) -> list[str]:
        """Files that hold the person, as text or as numpy writes it."""
        found = []
        for path in settings.home.rglob("*"):
            content = path.read_bytes() if path.is_file() else b""
            if path.suffix == ".npz" and content:
                with np.load(path) as arrays:
                    content = arrays["row_id"].astype("S").tobytes()
            if self.person.encode() in content:
                found.append(path.name)
        return found


@pytest.fixture
def home(quick_path: Path) -> _Home:
    """A home with a database."""
    new_sqlite(quick_path / "home" / "vigie.db")
    return _Home(quick_path / "home")


def test_at_every_moment(home: _Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check reads table and report meanwhile; the command again leaves nobody, and each file has its entry."""
    moments = 0
    for number in range(1, 1000):
        copy = home.settings.home.with_name("copy")
        shutil.copytree(home.settings.home, copy)
        settings = Settings(home=copy)
        monkeypatch.setenv("VIGIE_HOME", str(copy))
        code = at_moment(number, "kill", copy, lambda: main(ASKED))
        assert code in (0, KILLED)
        for found in home.names(settings):
            assert found in ({home.person, "v2"}, {"v2"}, {"", "v2"})
        assert main(ASKED) == 0
        assert home.names(settings) == [{"v2"}, {"", "v2"}]
        assert home.holding(settings) == []
        with opened_database(settings.database) as engine, engine.connect() as connection:
            entered = [set(e.subjects) for e in entries_of(connection, ("erase from sealed files",))]
            assert audit(connection).faults == ()
        assert sorted(name for names in entered for name in names) == sorted(
            [f"{SOURCE.removeprefix('sha256:')}/visits.parquet", f"evidence/{home.report[7:]}.npz"]
        )
        shutil.rmtree(copy)
        moments += 1
        if code == 0:
            break
    assert moments > 10


def _erase(home: _Home) -> SealedErasure:
    return erase_from_sealed(home.settings, {home.person}, now=datetime.now(UTC))


def test_what_a_killed_training_was_sealing_goes_too(home: _Home) -> None:
    """The tables of everybody, under a name that nobody looks at."""
    building = home.settings.snapshots / ".building-2"
    shutil.copytree(home.settings.snapshots / SOURCE.removeprefix("sha256:"), building)
    assert _erase(home).left == ()
    assert not building.exists()
    assert home.holding(home.settings) == []


def test_what_a_killed_training_left_of_a_report_goes_too(home: _Home) -> None:
    """Under the name that it has until it is whole."""
    report = home.evidence / f"{home.report.removeprefix('sha256:')}.npz"
    unfinished = report.with_name(f".{report.name}.x7_b2k")
    shutil.copyfile(report, unfinished)
    assert _erase(home).left == ()
    assert not unfinished.exists()


def test_a_report_is_written_and_erased_from_by_one_at_a_time(home: _Home) -> None:
    """Of two erasures begun together the second would write the first one's person again."""
    arrays = {"row_id": np.array(["v9"]), "p50": np.array([1.0])}
    with ThreadPoolExecutor() as pool:
        with one_at_a_time(home.evidence):
            waiting = [pool.submit(_erase, home), pool.submit(write_reported, home.evidence, arrays)]
            assert not wait(waiting, timeout=0.5).done
        assert not wait(waiting, timeout=60).not_done
    assert home.holding(home.settings) == []


def test_an_erasure_of_before_has_no_second_entry(home: _Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked again, or for somebody else, it is done already."""
    monkeypatch.setenv("VIGIE_HOME", str(home.settings.home))
    assert main(ASKED) == 0
    assert main(ASKED) == 0
    assert main([*ASKED[:3], "Martin-1950", *ASKED[4:]]) == 0
    with opened_database(home.settings.database) as engine, engine.connect() as connection:
        assert len(list(entries_of(connection, ("erase from sealed files",)))) == 1
