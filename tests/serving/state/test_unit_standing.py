"""A unit that is closed then, or of which nothing is heard any more, is not forecast as if all were well."""

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.times import DAY, HOUR, moment
from hospital.words.language import LANGUAGES
from serving.composition import real_parts
from serving.state.unit_standing import OpenSpan, UnitStanding, _silent_minutes
from tests.support.small_demo import HORIZONS, Service, SmallDemo

NOW = 20_000 * DAY
LATER_DAYS = 40


class Changes:
    """The changes of one unit, as `BedFeatures` gives them."""

    def __init__(self, at: Array) -> None:
        self.at = at

    def changes(self, unit: int, since: int) -> Array:
        del unit
        return self.at[self.at > since]


def silence(at: Array, *, since: int = 0, after: int = 6 * HOUR) -> float | None:
    """Minutes of silence at `NOW`."""
    return _silent_minutes(Changes(at), 0, NOW, since=since, after=after)  # type: ignore[arg-type]


def every(hours: float, *, until: int, days: int = 60) -> Array:
    """A change every so many hours, for so many days."""
    return np.arange(until - days * DAY, until + 1, int(hours * HOUR))[::-1].copy()


def test_a_busy_ward_is_silent_after_two_days_and_a_calm_one_after_ten() -> None:
    """Twenty changes would have come by chance: 2.4 hours apart that takes 48 hours, 12 hours apart ten days."""
    for hours, days in ((2.4, 2), (12, 10)):
        short, long = NOW - days * DAY + 8 * HOUR, NOW - days * DAY - 8 * HOUR
        assert silence(every(hours, until=short)) is None
        assert silence(every(hours, until=long)) == pytest.approx((days * 24 + 8) * 60)


def test_a_ward_that_is_closed_at_weekends_is_not_silent_on_a_monday() -> None:
    """Five busy days, then two without a change, again and again: what it always does is no fault."""
    busy = every(1, until=NOW - 61 * HOUR)
    open_days = busy[((NOW - busy) // DAY) % 7 >= 2]
    assert NOW - open_days.max() > 2 * DAY
    assert silence(open_days) is None
    assert silence(open_days - 7 * DAY) is not None


def test_what_lies_ahead_is_not_heard_and_what_is_new_breaks_the_silence() -> None:
    """A departure that is planned for tomorrow says nothing of today."""
    old = every(2.4, until=NOW - 5 * DAY)
    assert silence(np.append(old, NOW + DAY)) is not None
    assert silence(np.append(old, NOW - HOUR)) is None


def test_a_short_record_is_measured_by_its_own_days() -> None:
    """Of ten changes in a record of one day and a half, five days of silence are too long."""
    few = every(2.4, until=NOW - 5 * DAY, days=1)
    assert silence(few, since=int(few.min()) - HOUR) is not None
    assert silence(few) is None  # as many in four weeks are hardly one in two days
    assert silence(np.array([], np.int64)) is None


def test_nothing_for_more_than_the_weeks_that_are_looked_at_is_silence() -> None:
    assert silence(every(24, until=NOW - 29 * DAY)) == pytest.approx(29 * 24 * 60)


def test_a_unit_is_closed_from_the_very_instant() -> None:
    """Open from the first to before the second."""
    standing = UnitStanding(OpenSpan(opens=NOW, closes=NOW + DAY))
    assert [standing.is_closed(at) for at in (NOW - 1, NOW, NOW + DAY - 1, NOW + DAY)] == [
        True, False, False, True,
    ]  # fmt: skip
    assert not UnitStanding().is_closed(NOW)


@pytest.fixture
def later(small_demo: SmallDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on a copy of the home, weeks after its last data."""
    demo = small_demo.copied(tmp_path_factory.mktemp("standing") / "home")
    start = moment(demo.end + LATER_DAYS * DAY)
    found = Service(real_parts(demo.settings.model_copy(update={"clock_start": start})), demo.token)
    yield found
    found.close()


@pytest.fixture
def service(small_demo: SmallDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on a copy of the home."""
    found = small_demo.copied(tmp_path_factory.mktemp("standing") / "home").service()
    yield found
    found.close()


def asked(service: Service, unit: str, **more: Any) -> list[dict[str, Any]]:
    """What is answered of a unit, and of the hospital."""
    body = {
        "units": [unit],
        "horizons_hours": list(HORIZONS),
        "hospital": True,
        "explain": {"language": "en"},
    }
    answer = service.ask("/v1/bed-demand", {**body, **more})
    return [*answer["forecasts"], *answer["hospital"]]


def test_a_unit_that_nothing_is_heard_of_is_degraded_while_others_are_heard(later: Service) -> None:
    """Of one unit a patient is received: it is heard of, the other is not, nor where the caller says what is there."""
    heard, silent = (u.unit for u in later.parts.releases.current("bed-demand").units[:2])
    entered = moment(later.parts.clock.now() - HOUR).isoformat()
    later.ask(
        "/v1/observations",
        {"stays": [{"stay_id": "new", "unit": heard, "source": "emergency", "entered_at": entered}]},
    )
    words = "No patient was received as coming to this unit or leaving it for"
    here, there = asked(later, heard), asked(later, silent)
    assert not [w for f in here[:3] for w in f["trust"]["warnings"] if w.startswith(words)]
    for forecast in there[:3]:
        assert forecast["trust"]["status"] == "degraded"
        assert forecast["trust"]["warnings"][0].startswith(words)
    assert "no coming or leaving was received for far longer than usual" in there[3]["trust"]["warnings"][0]
    now = moment(later.parts.clock.now()).isoformat()
    said = asked(later, silent, observations=[{"unit": silent, "at": now, "occupied": 5}])
    assert not [w for f in said[:3] for w in f["trust"]["warnings"] if w.startswith(words)]


def test_a_unit_that_closes_before_the_hour_forecast_says_when(service: Service) -> None:
    """Six hours from now: the forecast for in four hours stands, the others are degraded, the total too."""
    now, unit = service.parts.clock.now(), service.parts.releases.current("bed-demand").units[0].unit
    before = asked(service, unit)
    at = moment(now + 6 * HOUR).isoformat()
    service.ask("/v1/observations", {"units": [{"unit": unit, "label": unit, "open_to": at}]})
    after = asked(service, unit)
    assert after[0]["trust"] == before[0]["trust"]
    for forecast in after[1:3]:
        assert forecast["trust"]["status"] == "degraded"
        assert "this unit closes before the hour forecast" in forecast["trust"]["warnings"][0]
    assert "is closed at the hour forecast" in after[-1]["trust"]["warnings"][0]
    service.ask(
        "/v1/observations",
        {"units": [{"unit": unit, "label": unit, "open_to": moment(now - DAY).isoformat()}]},
    )
    closed = asked(service, unit)
    assert {"this unit closed on" in f["trust"]["warnings"][0] for f in closed[:3]} == {True}
    opens = {"unit": unit, "label": unit, "open_from": moment(now + 30 * HOUR).isoformat()}
    service.ask("/v1/observations", {"units": [opens]})
    opening = asked(service, unit)
    assert ["opens only on" in (f["trust"]["warnings"] or [""])[0] for f in opening[:3]] == [
        True,
        True,
        False,
    ]


@pytest.fixture
def without_history(small_demo: SmallDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on a copy of the home whose database has no patient yet."""
    demo = small_demo.copied(tmp_path_factory.mktemp("standing") / "home")
    with contextlib.closing(sqlite3.connect(demo.settings.home / "vigie.db")) as database, database:
        database.execute("DELETE FROM observations WHERE kind IN ('visits', 'stays')")
    found = demo.service()
    yield found
    found.close()


def test_a_record_that_began_without_those_present_says_that_its_count_is_too_low(
    without_history: Service,
) -> None:
    """The unit and the total, in words; not where somebody came before it began, nor of what the caller says."""
    service = without_history
    unit = service.parts.releases.current("bed-demand").units[0].unit
    now = service.parts.clock.now()
    stay = {"unit": unit, "source": "emergency"}
    came = {"stay_id": "new", **stay, "entered_at": moment(now - HOUR).isoformat()}
    service.ask("/v1/observations", {"stays": [came]})
    answers = asked(service, unit)
    for forecast in answers[:3]:
        assert forecast["trust"]["status"] == "degraded"
        assert forecast["trust"]["warnings"][0].endswith(
            "so the number of patients and the forecast are too low."
        )
    assert "counted in no unit: the sum is too low." in answers[-1]["trust"]["warnings"][0]
    french = asked(service, unit, explain={"language": "fr"})[0]["trust"]["warnings"]
    assert french[0].endswith("le nombre de patients et la prévision sont trop bas.")
    said = asked(service, unit, observations=[{"unit": unit, "at": moment(now).isoformat(), "occupied": 9}])
    assert not [w for f in said[:3] for w in f["trust"]["warnings"] if "too low" in w]
    before = {"stay_id": "old", **stay, "entered_at": moment(now - 9 * DAY).isoformat()}
    service.ask("/v1/observations", {"stays": [before]})
    assert not [w for f in asked(service, unit) for w in f["trust"]["warnings"] if "too low" in w]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_name_the_time_by_the_hospitals_clock(service: Service, language: str) -> None:
    """With its hour, in the reader's language."""
    now, unit = service.parts.clock.now(), service.parts.releases.current("bed-demand").units[0].unit
    service.ask(
        "/v1/observations",
        {"units": [{"unit": unit, "label": unit, "open_to": moment(now + 6 * HOUR).isoformat()}]},
    )
    found = asked(service, unit, explain={"language": language})[2]["trust"]["warnings"][0]
    assert {"fr": "cette unité ferme avant l'heure prévue, le ", "en": "before the hour forecast, on "}[
        language
    ] in found
