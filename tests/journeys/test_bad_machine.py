"""When the machine fails: a full disk, a kill -9, two commands at once. Nothing lost, nothing half-written."""

import os
import resource
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import DBAPIError

from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import HospitalTables
from registry.candidates.candidates import candidates, register
from registry.candidates.snapshots import open_snapshot, seal_snapshot
from registry.record.database import open_database, opened_database, writing
from registry.record.tables.record_tables import observations
from serving.state.history_import import rows_since
from serving.state.observations import import_rows
from tests.support.repository import ROOT


def in_child(work: Callable[[], None]) -> int:
    """Does the work in a process of its own; how that ended: 0, or the signal's negative number."""
    (ended,) = at_once([work])
    return ended


def at_once(works: Sequence[Callable[[], None]]) -> list[int]:
    """Does each work in a process of its own, begun together; how each ended."""
    read, write = os.pipe()
    children = []
    for work in works:
        child = os.fork()
        if child == 0:
            os.close(write)
            os.read(read, 1)  # until the parent lets go
            try:
                work()
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        children.append(child)
    os.close(write)
    os.close(read)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def killed_at(event: str, number: int, ending: str = "") -> None:
    """From now on this process is killed, as by kill -9, at its `number`-th event (`sys.addaudithook`) of this name.

    Args:
        ending: of the file that the event is about; of any where there is none.
    """
    left = [number]

    def hook(name: str, about: object) -> None:
        if name == event and isinstance(about, tuple) and str(about[0]).endswith(ending):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def vigie(*arguments: str, home: Path, most_bytes: int | None = None) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, which may write no file longer than `most_bytes`."""

    def limit() -> None:
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        env={**os.environ, "VIGIE_HOME": str(home), "VIGIE_LANGUAGE": "en"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB; skips where one may not mount it."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "vigie-test", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only who may mount has a small disk; the limit on a file's length is tested everywhere")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def enlarge(disk: Path) -> None:
    """Room again."""
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)


def says_so(done: subprocess.CompletedProcess[str]) -> None:
    """One clear line, exit code 2, no traceback."""
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("vigie: ")
    assert "check space" in done.stderr
    assert "Traceback" not in done.stderr


def files_in(folder: Path) -> list[str]:
    """Every file below a folder, hidden ones too, but locks."""
    found = (p for p in folder.rglob("*") if p.is_file() and p.name != ".lock")
    return sorted(str(p.relative_to(folder)) for p in found)


# --- a full disk -----------------------------------------------------------------------------------------


def test_simulated_tables_on_a_full_disk(small_disk: Path, tmp_path: Path) -> None:
    """What did not fit is not there under any name; with room again the same command works."""
    command = ("simulate", "--days", "40", "--out", str(small_disk / "hospital"))
    says_so(vigie(*command, home=tmp_path / "home"))
    assert all(not name.startswith("hospital/.") for name in files_in(small_disk))
    enlarge(small_disk)
    assert vigie(*command, home=tmp_path / "home").returncode == 0
    assert len(files_in(small_disk)) == 5


def test_a_snapshot_on_a_full_disk(small_disk: Path, hospital_folder: Path, hospital: HospitalTables) -> None:
    """Training stops before it has begun, leaves no part of a snapshot, and seals when there is room."""
    home = small_disk / "home"
    says_so(vigie("train", "bed-demand", "--data", str(hospital_folder), home=home))
    assert not [name for name in files_in(home) if name.startswith("snapshots")]
    enlarge(small_disk)
    seal = seal_snapshot(home / "snapshots", hospital)
    kept = open_snapshot(home / "snapshots", hospital.source_digest, seal)
    assert {n: len(f) for n, f in kept.tables.items()} == {n: len(f) for n, f in hospital.tables.items()}


def test_an_import_on_a_full_disk(small_disk: Path, hospital: HospitalTables) -> None:
    """The database refuses, nothing of the table is stored, and all of it is once there is room."""
    url = f"sqlite:///{small_disk / 'vigie.db'}"
    rows = _stays(hospital)
    with opened_database(url) as engine:
        with pytest.raises(DBAPIError, match="full"), writing(engine) as connection:
            import_rows(connection, "stays", rows)
        assert _count(url) == 0
        enlarge(small_disk)
        with writing(engine) as connection:
            import_rows(connection, "stays", rows)
        assert _count(url) == len(rows)


@pytest.mark.parametrize("what", ["page", "tables", "snapshot"])
def test_a_file_that_may_not_grow(what: str, hospital_folder: Path, tmp_path: Path) -> None:
    """Where the system refuses to write on, the command says so and leaves nothing half-written."""
    out = tmp_path / "out"
    command = {
        "page": ("data", "check", str(hospital_folder), "--out", str(out / "page.html")),
        "tables": ("simulate", "--days", "20", "--out", str(out)),
        "snapshot": ("train", "wait-time", "--data", str(hospital_folder)),
    }[what]
    says_so(vigie(*command, home=tmp_path / "home", most_bytes=4096))
    assert files_in(out) in ([], ["units.parquet"])
    assert not [name for name in files_in(tmp_path / "home") if name.startswith("snapshots")]


# --- kill -9 ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "number"), [*(("os.rename", n) for n in range(1, 8)), *(("open", n) for n in range(1, 6))]
)
def test_a_killed_sealing_leaves_no_snapshot_and_the_next_one_seals(
    event: str, number: int, hospital: HospitalTables, quick_path: Path
) -> None:
    """Killed as it begins each table, and at each of its renames: what is there is whole, what was left is removed."""

    def work() -> None:
        killed_at(event, number, "" if event == "os.rename" else ".unfinished")
        seal_snapshot(quick_path, hospital)

    assert len(hospital.tables) == 5  # each is renamed, then the seal, then the folder: seven in all
    assert in_child(work) == -signal.SIGKILL
    folder = quick_path / hospital.source_digest.removeprefix("sha256:")
    assert not folder.exists()
    seal = seal_snapshot(quick_path, hospital)
    open_snapshot(quick_path, hospital.source_digest, seal)
    assert {p.name for p in quick_path.iterdir()} == {folder.name, ".lock"}
    assert len(files_in(folder)) == 6


def test_a_killed_registration_is_no_candidate_and_the_next_one_is(quick_path: Path) -> None:
    """Killed before its registration is in place, a version is not there; it is registered again."""
    package, folder = quick_path / "package", quick_path / "candidates"
    package.mkdir()
    (package / "manifest.json").write_text("{}")

    def work() -> None:
        killed_at("os.rename", 1)
        register(folder, "bed-demand", "1", package, {}, None)

    assert in_child(work) == -signal.SIGKILL
    assert candidates(folder, "bed-demand") == []
    register(folder, "bed-demand", "1", package, {}, None)
    assert [c.version for c in candidates(folder, "bed-demand")] == ["1"]
    assert files_in(folder) == ["bed-demand/1/package/manifest.json", "bed-demand/1/registration.json"]


def _stays(hospital: HospitalTables) -> list[dict[str, object]]:
    return list(rows_since("stays", columns_of(hospital.tables["stays"], "stays"), 0))


def _count(url: str) -> int:
    with opened_database(url) as engine, engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(observations)).scalar_one())


def test_a_killed_import_leaves_nothing_and_the_next_one_all(
    database_url: str, hospital: HospitalTables
) -> None:
    """Killed when thousands of rows were already written, none of them is there; imported again, all are."""
    visits = columns_of(hospital.tables["visits"], "visits")
    rows = list(rows_since("visits", visits, 0, hospital.audit_attributes))
    assert len(rows) > 5_000  # more than one batch
    open_database(database_url).dispose()

    def work() -> None:
        engine = open_database(database_url)
        inserts = [0]

        def count(_conn: object, _cursor: object, statement: str, *_: object) -> None:
            inserts[0] += statement.startswith("INSERT INTO observations")
            if inserts[0] == 2:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(engine, "after_cursor_execute", count)
        with writing(engine) as connection:
            import_rows(connection, "visits", rows)

    assert in_child(work) == -signal.SIGKILL
    assert _count(database_url) == 0
    with opened_database(database_url) as engine, writing(engine) as connection:
        import_rows(connection, "visits", rows)
    assert _count(database_url) == len(rows)
    with opened_database(database_url) as engine, writing(engine) as connection:
        again = import_rows(connection, "visits", rows)
    assert (again.new, again.revised, again.unchanged) == (0, 0, len(rows))


# --- two at once -----------------------------------------------------------------------------------------


def test_snapshots_sealed_at_once_are_one(hospital: HospitalTables, quick_path: Path) -> None:
    """Four trainings on the same tables seal one snapshot, which is whole at every moment after."""

    for attempt in range(5):
        home = quick_path / str(attempt)

        def work(home: Path = home) -> None:
            seal = seal_snapshot(home, hospital)
            open_snapshot(home, hospital.source_digest, seal)

        assert at_once([work] * 4) == [0, 0, 0, 0]
        assert len([p for p in home.iterdir() if p.is_dir()]) == 1


def test_imports_at_once_store_each_row_once(database_url: str, hospital: HospitalTables) -> None:
    """Two imports of the same rows into one home: the second finds them there."""
    rows = _stays(hospital)
    open_database(database_url).dispose()

    def work() -> None:
        with opened_database(database_url) as engine, writing(engine) as connection:
            import_rows(connection, "stays", rows)

    assert at_once([work, work]) == [0, 0]
    assert _count(database_url) == len(rows)


def test_two_commands_that_begin_a_home_at_once(tmp_path: Path) -> None:
    """Both find a database that is whole, and one key of the pseudonyms."""
    from hospital.ingest.pseudonyms import load_or_create_key

    home, keys = tmp_path / "home", tmp_path / "keys"
    home.mkdir()
    keys.mkdir()

    def work() -> None:
        open_database(f"sqlite:///{home / 'vigie.db'}").dispose()
        (keys / str(os.getpid())).write_bytes(load_or_create_key(home / "pseudonym.key"))

    assert at_once([work] * 4) == [0] * 4
    assert len({p.read_bytes() for p in keys.iterdir()}) == 1
    assert {p.name for p in home.iterdir()} <= {"vigie.db", "vigie.db-wal", "vigie.db-shm", "pseudonym.key"}
