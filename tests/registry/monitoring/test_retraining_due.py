"""Whether a retraining is due: what asks for it, what speaks against it, each with its number."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from sqlalchemy import delete

from hospital.calendar import local_day
from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import HospitalTables
from hospital.words.messages import message
from registry.model.forecast_model import ForecastModel
from registry.monitoring.alarms import raise_alarm
from registry.monitoring.retraining_due import Due, due
from registry.policy.board_policy import default_policy
from registry.record.database import opened_database, writing
from registry.record.tables.record_tables import alarms
from registry.releases.releases import current_release
from tests.support.installation import Installation, after
from tests.support.quick_versions import quick_candidate, quick_release, quick_tables
from training.packages.package_request import Request

RULES = default_policy().monitor
KNOWN, DAYS = 185, 255


@dataclass(frozen=True)
class Home:
    """A wait-time release, the tables that it was trained on, and tables of 70 days more."""

    installation: Installation
    known: HospitalTables
    later: HospitalTables

    def due(self, tables: HospitalTables, days: float = 1.0) -> Due:
        """So many days after the release, which is of two hours after the first instant of tests."""
        with opened_database(self.installation.settings.database) as engine, engine.connect() as connection:
            return due(self.installation.settings, connection, "wait-time", tables, now=after(2 + 24 * days))


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """What the release was trained on."""
    return quick_tables(tmp_path_factory.mktemp("known"), KNOWN)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """The same, and 70 days more."""
    return quick_tables(tmp_path_factory.mktemp("later"), DAYS)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, known: HospitalTables, later: HospitalTables) -> Home:
    """Released."""
    installation = Installation.make(tmp_path_factory.mktemp("due") / "home")
    found = quick_candidate(installation, Request("wait-time"), known, "1")
    quick_release(installation, found, [("ED", 0.0)])
    return Home(installation, known, later)


def new_days(home: Home, tables: HospitalTables) -> int:
    """Local days between the end of the test set and the last reception of a visit."""
    release = current_release(home.installation.settings, "wait-time")
    assert release is not None
    package = ForecastModel(release.package)
    end = Split.from_json(package.manifest.split).spans["test"][1]
    last = tables.tables["visits"]["received_at"].max().value // 1000
    both = local_day(np.array([end, last]), tables.zone)
    return int(both[1] - both[0])


def test_without_a_reason_none_is_due_whatever_is_new(home: Home) -> None:
    """A young release, seventy new days: nothing asks for it."""
    found = home.due(home.later)
    assert found.reasons == ()
    assert found.obstacles == (message("registry.retrain.no_reason", n=1, allowed=RULES.release_age_days),)
    assert not found.due
    assert found.for_machines()["due"] is False
    assert found.for_machines()["obstacles"] == [str(found.obstacles[0])]


def test_age_asks_for_it_once_it_is_beyond_what_the_policy_allows(home: Home) -> None:
    """On the last allowed day it does not; a day later it does, and enough new days allow it."""
    allowed = RULES.release_age_days
    assert home.due(home.later, allowed + 0.9).reasons == ()
    found = home.due(home.later, allowed + 1)
    assert found.reasons == (message("registry.retrain.old", n=allowed + 1, allowed=allowed),)
    assert (found.obstacles, found.due, found.horizons_hours) == ((), True, ())
    assert found.for_machines() == {
        "model": "wait-time",
        "due": True,
        "reasons": [str(found.reasons[0])],
        "obstacles": [],
    }


def test_few_new_days_speak_against_it_with_how_many_there_are(home: Home) -> None:
    """As many as lie between the test set's end and the last reception; none where the tables end before it."""
    assert new_days(home, home.later) >= RULES.retrain_new_days
    wanted, old = RULES.retrain_new_days, RULES.release_age_days + 5
    few = message("registry.retrain.few_days", n=max(new_days(home, home.known), 0), wanted=wanted)
    assert home.due(home.known, old).obstacles == (few,)
    visits = home.known.tables["visits"].iloc[:50]
    early = replace(home.known, tables={**home.known.tables, "visits": visits}, source_digest="sha256:0")
    none = message("registry.retrain.few_days", n=0, wanted=wanted)
    assert home.due(early, old).obstacles == (none,)
    bare = replace(home.known, tables={"stays": home.known.tables["stays"]}, source_digest="sha256:1")
    assert home.due(bare, old).obstacles == (none,)


def test_tables_with_just_enough_new_days_allow_it(home: Home) -> None:
    """One day fewer do not."""
    old = RULES.release_age_days + 5
    visits = home.later.tables["visits"].sort_values("received_at")
    received = visits["received_at"].to_numpy("datetime64[us]").astype(np.int64)
    local = local_day(received, home.later.zone)
    days = local - (local[-1] - new_days(home, home.later))
    for missing in (0, 1):
        wanted = RULES.retrain_new_days - missing
        low = int(np.searchsorted(days, wanted)) + 1  # the fewest visits with so many new days
        tables = replace(home.later, tables={"visits": visits.iloc[:low]})
        assert new_days(home, tables) == wanted
        assert (home.due(tables, old).obstacles == ()) == (missing == 0)


@pytest.fixture
def alarmed(home: Home) -> Iterator[Home]:
    """While alarms stand: of this release, and of another."""
    with opened_database(home.installation.settings.database) as engine:
        for release, name in ((1, "visits"), (2, "others")):
            with writing(engine) as connection:
                raise_alarm(
                    connection,
                    model="wait-time",
                    release=release,
                    digest="sha256:1",
                    figure=("arrivals", name),
                    evidence={"day": 19_000, "since": 18_990},
                    stops=False,
                    now=after(3),
                )
        yield home
        with writing(engine) as connection:
            connection.execute(delete(alarms))


def test_a_standing_alarm_asks_for_it(alarmed: Home) -> None:
    """With its figure and its day; of this release alone."""
    found = alarmed.due(alarmed.later)
    alarm = message("registry.retrain.alarm", family="arrivals", name="visits", day="2022-01-08")
    assert (found.reasons, found.due) == ((alarm,), True)


def test_a_version_that_was_trained_on_these_very_tables_stands_against_it(home: Home) -> None:
    """Later than the release's own: the board may look at that one."""
    assert not any(m.key.endswith("same_tables") for m in home.due(home.known).obstacles)
    found = quick_candidate(home.installation, Request("wait-time", kind="baseline"), home.known, "2")
    same = message("registry.retrain.same_tables", version="2")
    known, later = home.due(home.known), home.due(home.later)
    shutil.rmtree(found.folder)
    assert same in known.obstacles
    assert same not in later.obstacles


def test_without_a_release_there_is_nothing_to_retrain(home: Home, installation: Installation) -> None:
    """It says so; so does a home that has nobody whom it trusts."""
    for settings in (
        installation.settings,
        installation.settings.model_copy(update={"home": installation.settings.home / "no"}),
    ):
        with opened_database(home.installation.settings.database) as engine, engine.connect() as connection:
            found = due(settings, connection, "wait-time", home.later, now=after(3))
        assert found == Due("wait-time", (), (message("registry.retrain.no_release"),))
