"""Fixtures shared by the tests: a private PostgreSQL server, databases of both kinds, an installation."""

import gc
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before any library starts threads: those that wait must not burn the core that another test needs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import hypothesis
import pytest
from sqlalchemy import create_engine, text

from hospital.ingest.hospital_reader import HospitalTables
from tests.support.installation import Installation
from tests.support.longest_files import longest_first

if TYPE_CHECKING:
    from tests.support.small_demo import SmallDemo

# A time limit per example measures the machine's other work, not the code: a slow example is no fault.
hypothesis.settings.register_profile("vigie", deadline=None)
hypothesis.settings.load_profile("vigie")

_PROGRAMS = ("initdb", "pg_ctl")
_CHROMIUM = Path("/usr/bin/chromium")


_NOT_TO_BE_SKIPPED = ("browser", "postgres")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first, so that no process waits at the end for another with a long one."""
    items.sort(key=lambda item: longest_first(item.path))


def pytest_collection_finish() -> None:
    """What was imported stays to the end: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped browser, PostgreSQL or (where the data are) real-data test is a failure."""
    report = yield
    wanted = [*_NOT_TO_BE_SKIPPED, *(["real_data"] if os.environ.get("VIGIE_REAL_DATA") else [])]
    marked = [name for name in wanted if item.get_closest_marker(name)]
    if report.skipped and not hasattr(report, "wasxfail") and marked and os.environ.get("VIGIE_CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where {marked[0]} tests must run: {report.longrepr}"
    return report


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line speaks English, whose words a test quotes."""
    monkeypatch.setenv("VIGIE_LANGUAGE", "en")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this session's own, on a unix socket; skips where there is no program."""
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server programs (initdb, pg_ctl) on this machine")
    user = _unprivileged_user()
    # Short and open to the server's user: a socket's path has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="vigie-pg-", dir="/tmp"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data, started = folder / "data", f"-k {folder} -c listen_addresses= -c fsync=off"
        try:
            _as(user, [programs["initdb"], "-D", str(data), "-U", "vigie", "-A", "trust", "-E", "UTF8"])
        except subprocess.CalledProcessError as error:
            pytest.skip(f"PostgreSQL's initdb does not work here: {error.stderr[-200:]}")
        start = [programs["pg_ctl"], "-D", str(data), "-l", str(folder / "log"), "-o", started, "-w", "start"]
        _as(user, start)
        try:
            yield f"postgresql+psycopg://vigie@/postgres?host={folder}"
        finally:
            _as(user, [programs["pg_ctl"], "-D", str(data), "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_database(postgres_url: str) -> str:
    """The URL of a new, empty PostgreSQL database."""
    name = f"vigie_{uuid.uuid4().hex[:12]}"
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return postgres_url.replace("/postgres?", f"/{name}?")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, quick_path: Path) -> str:
    """The URL of a new, empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{quick_path / 'vigie.db'}"
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture
def quick_path() -> Iterator[Path]:
    """A new folder in memory where there is such a place: what Vigie makes durable costs nothing there."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made in it has a random name
    with tempfile.TemporaryDirectory(prefix="vigie-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def hospital_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small simulated hospital's files: 110 days over a clock change, a quarter of the size."""
    from datetime import date

    from hospital.simulator import simulate, write

    folder = tmp_path_factory.mktemp("hospital")
    write(simulate(110, seed=31, start=date(2024, 1, 8), scale=0.25), folder)
    return folder


@pytest.fixture(scope="session")
def hospital(hospital_folder: Path) -> HospitalTables:
    """The small simulated hospital, read."""
    from hospital.ingest.hospital_reader import read_hospital

    return read_hospital(hospital_folder, None, b"a key for tests")


@pytest.fixture(scope="session")
def small_demo(tmp_path_factory: pytest.TempPathFactory) -> "SmallDemo":
    """A small hospital's home with real trained models behind real releases; `SmallDemo.copied` to change anything."""
    from tests.support.small_demo import make_small_demo

    return make_small_demo(tmp_path_factory.mktemp("small-demo"))


@pytest.fixture
def installation(quick_path: Path) -> Installation:
    """A home with a trust folder of four people, and no candidate yet."""
    return Installation.make(quick_path / "home")


@pytest.fixture
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not _CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium on this machine (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=str(_CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield found
        found.close()


def _postgres_programs() -> dict[str, str] | None:
    """Where Debian and others keep them; not any ``initdb`` that is on the path for something else."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folders += [Path("/usr/local/pgsql/bin"), *map(Path, os.environ.get("PATH", "").split(os.pathsep))]
    for folder in folders:
        if all((folder / name).exists() for name in _PROGRAMS):
            return {name: str(folder / name) for name in _PROGRAMS}
    return None


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Whom to run the server as: it refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


def _as(user: pwd.struct_passwd | None, command: list[str]) -> None:
    uid, gid = (None, None) if user is None else (user.pw_uid, user.pw_gid)
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    # pg_ctl leaves a server behind that would keep a pipe open: its words go to a file.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            command,
            stdout=said,
            stderr=said,
            cwd="/",
            env=environment,
            user=uid,
            group=gid,
            extra_groups=None if user is None else [],
            check=False,
        )
        said.seek(0)
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, command, stderr=said.read())
