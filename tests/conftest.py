"""Fixtures shared by the tests: a private PostgreSQL server, databases of both kinds, an installation."""

import gc
import os
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before any library starts threads: those that wait must not burn the core that another test needs, and where there is
# a process of tests for each core, matrices are multiplied by one thread in each.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_name, "1")

import hypothesis
import pytest
from sqlalchemy.engine import make_url

from explain.verification import verifying_in_one_process
from hospital.ingest.hospital_reader import HospitalTables
from registry.record.database import opened_database
from tests.support.installation import Installation
from tests.support.longest_files import longest_first
from tests.support.made_once import made_once
from tests.support.new_databases import new_sqlite
from tests.support.postgresql import database, new_database, postgres_server

if TYPE_CHECKING:
    from tests.support.small_demo import SmallDemo

# A time limit per example measures the machine's other work, not the code: a slow example is no fault.
hypothesis.settings.register_profile("vigie", deadline=None)
hypothesis.settings.load_profile("vigie")

_CHROMIUM = Path("/usr/bin/chromium")


_SECONDS: Counter[str] = Counter()
_MANY_FILES, _SHOWN_FILES = 50, 30
_NOT_TO_BE_SKIPPED = ("browser", "postgres")
_KINDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first, so that no process waits at the end for another with a long one."""
    items.sort(key=lambda item: longest_first(item.path))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """How long a test took goes to its file's account."""
    _SECONDS[report.nodeid.partition("::")[0]] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The files that took longest: what comes first (`tests/support/longest_files.py`), and what to make quicker."""
    if len(_SECONDS) > _MANY_FILES:
        terminalreporter.section(f"slowest {_SHOWN_FILES} files")
        for name, seconds in _SECONDS.most_common(_SHOWN_FILES):
            terminalreporter.write_line(f"{seconds:.2f}s {name}")


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


@pytest.fixture(scope="session", autouse=True)
def one_process_that_verifies() -> Iterator[None]:
    """Models of all tests of this process are verified by one child: shap and XGBoost take seconds to be loaded."""
    with verifying_in_one_process():
        yield


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line speaks English, whose words a test quotes."""
    monkeypatch.setenv("VIGIE_LANGUAGE", "en")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this session's own, on a unix socket; skips where there is no program."""
    with postgres_server() as server:
        yield server.url


@pytest.fixture(scope="session")
def postgres_tables(postgres_url: str) -> str:
    """The name of a PostgreSQL database that Vigie's migrations made, which nobody writes to."""
    url = new_database(postgres_url)
    with opened_database(url):
        pass
    return make_url(url).database or ""


@pytest.fixture
def postgres_database(postgres_url: str, postgres_tables: str) -> Iterator[str]:
    """The URL of a new PostgreSQL database whose tables are there, without a row."""
    with database(postgres_url, postgres_tables) as url:
        yield url


@pytest.fixture(params=_KINDS)
def database_url(request: pytest.FixtureRequest, quick_path: Path) -> str:
    """The URL of a new database whose tables are there, without a row, once of each kind."""
    if request.param == "sqlite":
        return new_sqlite(quick_path / "vigie.db")
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture(params=_KINDS)
def empty_database_url(request: pytest.FixtureRequest, quick_path: Path) -> Iterator[str]:
    """The URL of a new database without a table, once of each kind: for what makes its tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{quick_path / 'vigie.db'}"
    else:
        with database(request.getfixturevalue("postgres_url")) as url:
            yield url


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
    from tests.support.small_demo import SmallDemo, make_small_demo

    return SmallDemo.read(made_once(tmp_path_factory, "small-demo", make_small_demo))


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
