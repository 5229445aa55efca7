"""`vigie import`: a hospital's history in the service's observations, all of it or nothing."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cli.main import main
from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import read_hospital
from hospital.ingest.pseudonyms import load_or_create_key, pseudonym
from hospital.simulator import simulate, write
from hospital.times import instant
from registry.record.database import open_database, writing
from registry.record.journal import entries
from registry.record.journal_audit import verify
from registry.record.tables.record_tables import observations
from registry.settings import Settings
from serving.state.history_import import parts_since, rows_since
from serving.state.history_staging import PARTS
from serving.state.observations import add, import_rows
from tests.support.repository import ROOT

pytestmark = pytest.mark.usefixtures("home", "english")

STAYS = "stay_id,unit,entered_at,left_at,source\n"
FIRST = STAYS + "s1,MED,2024-03-01T08:00Z,2024-03-04T10:00Z,emergency\ns2,MED,2024-03-02T09:00Z,,elective\n"
COUNT = "MED,2024-03-02T09:00Z,4"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fortnight of a small hospital."""
    folder = tmp_path_factory.mktemp("simulated")
    write(simulate(14, seed=5, scale=0.2), folder)
    return folder


def files(folder: Path, **tables: str) -> Path:
    """A folder with these tables as CSV."""
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def stored(home: Path) -> list[tuple[Any, ...]]:
    """Every version stored, but for its number."""
    o = observations.c
    with open_database(Settings(home=home).database).connect() as connection:
        query = select(o.kind, o.row_id, o.received_at, o.superseded_at, o.active_until, o.digest, o.row)
        return sorted((tuple(row) for row in connection.execute(query)), key=repr)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What an import that is refused says."""
    capsys.readouterr()
    assert main(["import", *arguments]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_all_of_a_history_is_stored_as_one_by_one(simulated: Path, home: Path, tmp_path: Path) -> None:
    """Every version with the reception it had, and the journal says how many; the demo's way stores the same."""
    assert main(["import", str(simulated)]) == 0
    other = Settings(home=tmp_path / "other")
    tables = read_hospital(simulated, None, load_or_create_key(home / "pseudonym.key"))
    with writing(open_database(other.database)) as connection:
        for name, frame in tables.tables.items():
            rows = rows_since(name, columns_of(frame, name), 0, tables.audit_attributes)
            import_rows(connection, name, rows)
    imported = stored(home)
    assert len(imported) > 1000
    assert imported == stored(other.home)
    with open_database(Settings(home=home).database).connect() as connection:
        (entry,) = entries(connection)
        assert list(verify(connection)) == []
    assert (entry.actor, entry.action, entry.subjects["source"]) == (
        "vigie import",
        "import",
        tables.source_digest,
    )
    assert set(tables.tables) < set(entry.subjects)


def test_again_and_longer(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second time nothing changes; a later export adds what happened since."""
    folder = files(tmp_path / "data", stays=FIRST)
    assert main(["import", str(folder)]) == 0
    before = stored(home)
    assert main(["import", str(folder)]) == 0
    assert "Nothing was new" in capsys.readouterr().out
    assert stored(home) == before
    longer = FIRST.replace("09:00Z,,", "09:00Z,2024-03-09T11:00Z,") + "s3,CHIR,2024-03-08T08:00Z,,elective\n"
    files(folder, stays=longer)
    assert main(["import", str(folder)]) == 0
    assert "stays: 1 new rows, 1 later versions of rows, 3 stored before" in capsys.readouterr().out
    open_stays = [json.loads(row[-1]) for row in stored(home) if row[0] == "stays" and row[3] is None]
    assert sum("left_at" not in row for row in open_stays) == 1


KILLED = """
import os, signal, sys
from serving.state import history_staging
from cli.main import main
real, calls = getattr(history_staging, sys.argv[1]), []
def counted(*given, **named):
    calls.append(1)
    if len(calls) > 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **named)
setattr(history_staging, sys.argv[1], counted)
main(["import", sys.argv[2]])
"""


def killed_import(step: str, folder: Path, home: Path) -> None:
    """An import that is killed as it takes a step for the fourth time: it leaves parts, and no row."""
    environment = {**os.environ, "VIGIE_HOME": str(home)}
    child = subprocess.run(
        [sys.executable, "-c", KILLED, step, str(folder)], cwd=ROOT, env=environment, check=False
    )
    assert child.returncode == -signal.SIGKILL
    assert stored(home) == []


@pytest.mark.parametrize("step", ["write_atomically", "import_versions"])
def test_killed_it_leaves_nothing_half_and_goes_on(
    step: str,
    simulated: Path,
    home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """While parts are prepared, and while they are stored: no row is there; the next run uses the parts."""
    killed_import(step, simulated, home)
    assert main(["import", str(simulated)]) == 0
    said = capsys.readouterr().out
    assert "Went on from an import that was stopped: " in said
    assert ": 3 parts" in said or step == "import_versions"
    assert not [p for p in (home / PARTS).iterdir() if p.is_dir()]
    whole = stored(home)
    assert main(["import", str(simulated)]) == 0
    assert stored(home) == whole


def test_every_version_of_a_row_is_in_one_part(simulated: Path) -> None:
    """Parts of any size hold together every row of the table, once."""
    tables = read_hospital(simulated, None, b"k" * 32)
    for name, frame in tables.tables.items():
        columns = columns_of(frame, name)
        whole = sorted(rows_since(name, columns, 0), key=repr)
        for size in (1, 7, 100, 10**6):
            parts = list(parts_since(name, columns, 0, size=size))
            assert sorted((row for part in parts for row in part), key=repr) == whole
            if name in ("visits", "stays"):
                ids = [{row[f"{name[:-1]}_id"] for row in part} for part in parts]
                assert sum(map(len, ids)) == len(set().union(*ids))


def test_what_lies_after_now_is_refused_all_at_once(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events and receptions ahead, in two tables, each with its count; nothing is stored or prepared."""
    ahead = (datetime.now(UTC) + timedelta(days=40)).isoformat()
    folder = files(
        tmp_path / "data",
        stays=FIRST
        + f"s4,MED,2024-03-02T09:00Z,{ahead},elective\ns5,MED,2024-03-02T09:00Z,{ahead},elective\n",
        census=f"unit,at,occupied,received_at\n{COUNT},2024-03-02T09:00Z\nMED,2024-03-02T10:00Z,4,{ahead}\n",
    )
    monkeypatch.setenv("VIGIE_LANGUAGE", "fr")
    assert "stays.left_at\u00a0: l'heure est dans le futur" in refused(capsys, str(folder))
    monkeypatch.setenv("VIGIE_LANGUAGE", "en")
    said = refused(capsys, str(folder))
    assert "stays.left_at: the time lies in the future" in said
    assert "(2 rows)" in said
    assert "census.received_at: the time lies in the future" in said
    assert stored(home) == []
    assert not (home / PARTS).exists()


def test_a_roster_ahead_is_known_now(home: Path, tmp_path: Path) -> None:
    """What is planned counts as received at the import, and imported again it is nothing new."""
    before = instant(datetime.now(UTC))
    ahead = (datetime.now(UTC) + timedelta(days=4)).isoformat()
    roster = f"at,unit,role,count\n2024-03-01T08:00Z,MED,nurse,4\n{ahead},MED,nurse,5\n"
    folder = files(tmp_path / "data", stays=FIRST, staffing=roster)
    assert main(["import", str(folder)]) == 0
    received = sorted(row[2] for row in stored(home) if row[0] == "staffing")
    assert received[0] < before <= received[1] <= instant(datetime.now(UTC))
    rows = stored(home)
    assert main(["import", str(folder)]) == 0
    assert stored(home) == rows


def test_a_contradiction_is_counted_and_stops_all(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows that say something else than before about the same moment: how many by table; nothing is changed."""
    folder = files(
        tmp_path / "data", stays=FIRST, census=f"unit,at,occupied\n{COUNT}\nMED,2024-03-02T10:00Z,4\n"
    )
    assert main(["import", str(folder)]) == 0
    before = stored(home)
    files(
        folder,
        stays=FIRST.replace("MED", "CHIR") + "s9,MED,2024-03-05T09:00Z,,elective\n",
        census=f"unit,at,occupied\n{COUNT}\nMED,2024-03-02T10:00Z,5\n",
    )
    said = refused(capsys, str(folder))
    assert "Nothing was imported: " in said
    assert "3 rows of Stays" in said
    assert "1 row of Census" in said
    assert "received_at" in said
    assert stored(home) == before


def test_faults_of_every_table_are_said_at_once(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a wrong folder as of wrong rows; no database is made."""
    folder = files(
        tmp_path / "data",
        stays=STAYS + "s1,MED,2024-03-05T08:00Z,2024-03-04T10:00Z,emergency\n",
        census="unit,at,occupied\nMED,yesterday,4\n",
    )
    said = refused(capsys, str(folder))
    assert "stays[0].left_at" in said
    assert "census[0].at" in said
    assert "no such file or folder" in refused(capsys, str(tmp_path / "nowhere"))
    assert "needs visits, stays or census" in refused(
        capsys, str(files(tmp_path / "none", units="unit\nMED\n"))
    )
    assert not (home / "vigie.db").exists()


def test_from_a_day_on(home: Path, tmp_path: Path) -> None:
    """What was over before is left out; what is still open is not."""
    folder = files(tmp_path / "data", stays=FIRST)
    assert main(["import", str(folder), "--since", "2024-03-06"]) == 0
    assert [json.loads(row[-1])["source"] for row in stored(home) if row[0] == "stays"] == ["elective"]


def test_it_meets_what_was_sent(home: Path, tmp_path: Path) -> None:
    """A row that the service received already has the same pseudonym: the history comes before it, and stands."""
    folder = files(tmp_path / "data", stays=FIRST)
    home.mkdir()
    key = load_or_create_key(home / "pseudonym.key")
    at = instant(datetime(2024, 3, 2, 9, tzinfo=UTC))
    row = {"stay_id": pseudonym(key, "s2"), "unit": "CHIR", "entered_at": at, "source": "elective"}
    sent = instant(datetime(2024, 3, 3, tzinfo=UTC))
    with writing(open_database(Settings(home=home).database)) as connection:
        add(connection, {"stays": [row]}, sent)
    assert main(["import", str(folder)]) == 0
    versions = [(v[2], v[3]) for v in stored(home) if v[0] == "stays" and row["stay_id"] in v[1]]
    assert versions == [(at, sent), (sent, None)]


def test_one_import_at_a_time(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another one in the same home is asked to wait."""
    folder = files(tmp_path / "data", stays=FIRST)
    (home / PARTS).mkdir(parents=True)
    with (home / PARTS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "Another import is at work" in refused(capsys, str(folder))
    assert main(["import", str(folder)]) == 0


def test_parts_of_a_stopped_import_go_with_who_is_erased(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next import makes them of the hospital's files; while one is at work, that is said."""
    part = home / PARTS / "0123" / "visits-00000.json"
    part.parent.mkdir(parents=True)
    part.write_text("[]")
    erase = ["journal", "erase", "--subject", "v1", "--reason", "request"]
    with (home / PARTS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main(erase) == 1
        assert "import is at work" in capsys.readouterr().out
        assert part.exists()
    main(erase)
    assert "import is at work" not in capsys.readouterr().out
    assert not part.parent.exists()


def test_a_damaged_part_is_named(home: Path, simulated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What to remove is said."""
    killed_import("import_versions", simulated, home)
    part = next((home / PARTS).glob("*/*.json"))
    part.write_bytes(part.read_bytes()[:-5])
    assert "remove the folder" in refused(capsys, str(simulated))
    assert stored(home) == []
