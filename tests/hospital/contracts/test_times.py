"""Written times: one at a time, and a column at once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hospital.calendar import local_clock
from hospital.contracts.codes import time_code
from hospital.contracts.local_times import Clock
from hospital.contracts.time_columns import read_times
from hospital.times import HOUR, MISSING_TIME, Repeated, TimeError, instant, moment, parse_time

PARIS = ZoneInfo("Europe/Paris")
SPRING, AUTUMN = datetime(2024, 3, 31, 2, 30), datetime(2024, 10, 27, 2, 30)
FORMS = {
    None: "%Y-%m-%dT%H:%M:%S",
    "%d/%m/%Y %H:%M": "%d/%m/%Y %H:%M",
    "%Y%m%d%H%M%S": "%Y%m%d%H%M%S",
    "%d %b %y %H.%M": "%d %b %y %H.%M",
}
JUNK = (
    "",
    "yesterday",
    "2024-02-30 10:00",
    "2024-13-01",
    "31/04/2024 10:00",
    "2024-05-05T25:00",
    "1899-05-05T10:00",
)


def test_an_instant_goes_to_a_time_and_back_exactly() -> None:
    """Microseconds survive, and a time in any zone is the instant it is in UTC."""
    at = 1_711_846_800_000_001
    assert instant(moment(at)) == at
    assert instant(moment(at).astimezone(PARIS)) == at
    assert moment(0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert np.array([MISSING_TIME], np.int64)[0] == np.iinfo(np.int64).min


def test_a_naive_time_is_no_instant() -> None:
    """Nothing guesses a zone."""
    with pytest.raises(TimeError, match="naive_time"):
        instant(AUTUMN)
    with pytest.raises(TimeError, match="naive_time"):
        parse_time("2024-05-05T10:00")


def test_the_skipped_spring_hour_is_refused_whatever_the_rule() -> None:
    """It never was, so that no rule may move it."""
    rules: tuple[Repeated, ...] = ("first", "second", "refuse")
    for rule in rules:
        with pytest.raises(TimeError, match="nonexistent_local_time"):
            parse_time(SPRING.isoformat(), PARIS, rule)
    assert instant(parse_time("2024-03-31T03:00", PARIS)) - instant(
        parse_time("2024-03-31T01:59", PARIS)
    ) == (HOUR // 60)


def test_the_repeated_autumn_hour_is_resolved_by_rule_or_refused() -> None:
    """First is summer time, second is an hour of elapsed time later."""
    first, second = (parse_time(AUTUMN.isoformat(), PARIS, rule) for rule in ("first", "second"))
    assert first.astimezone(UTC) == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
    assert instant(second) - instant(first) == HOUR
    with pytest.raises(TimeError, match="repeated_local_time"):
        parse_time(AUTUMN.isoformat(), PARIS, "refuse")


def test_a_written_offset_needs_no_zone_and_no_rule() -> None:
    """Both of autumn's hours can be written with their offsets."""
    summer, winter = parse_time("2024-10-27T02:30+02:00", PARIS), parse_time("2024-10-27T02:30+01:00", None)
    assert instant(winter) - instant(summer) == HOUR
    assert instant(parse_time("2024-10-27T00:30Z")) == instant(summer)


@pytest.mark.parametrize("text", JUNK)
def test_what_is_no_time_is_refused(text: str) -> None:
    """Also a date that no calendar has, and a year that is a code for never."""
    with pytest.raises(TimeError, match="not_a_time"):
        parse_time(text, PARIS)


def test_a_time_before_or_after_any_patient_is_refused_by_both_paths() -> None:
    """A parquet file's year 9999 means never; it is no time."""
    raw = pd.Series(np.array(["9999-12-31", "1899-12-31", "2024-05-05"], "datetime64[us]"))
    for column in (raw, raw.dt.tz_localize("UTC"), raw.dt.strftime("%Y-%m-%dT%H:%M:%S")):
        times, faults = read_times(column, Clock(PARIS))
        assert list(faults) == ["year_of_never"]
        assert faults["year_of_never"].tolist() == [True, True, False]
        assert times.isna().tolist() == [True, True, False]


@st.composite
def _written(draw: st.DrawFn) -> tuple[str | None, list[datetime], list[str | None]]:
    """A form, local times near both clock changes and elsewhere, and how a file writes them."""
    form = draw(st.sampled_from(list(FORMS)))
    days = st.sampled_from([SPRING, AUTUMN, datetime(2021, 3, 28, 2), datetime(2025, 10, 26, 2)])
    near = st.builds(lambda d, s: d + timedelta(seconds=s), days, st.integers(-2700, 2700))
    anywhere = st.datetimes(datetime(2001, 1, 1), datetime(2060, 1, 1)).map(
        lambda t: t.replace(microsecond=0)
    )
    local = draw(st.lists(near | near | anywhere, min_size=6, max_size=30))
    texts: list[str | None] = []
    for when in local:
        text = when.strftime(FORMS[form])
        if form is None:
            tail = draw(
                st.sampled_from(["", "", "", ".25", ".123", ".123456", "Z", "+02:00", ".500-03:30", "+0100"])
            )
            text = text.replace("T", draw(st.sampled_from("T "))) + tail
        texts.append(draw(st.sampled_from([text] * 30 + [None, *JUNK])))
    return form, local, texts


def test_a_column_at_once_is_read_as_each_of_its_times_is() -> None:
    """Same instants, same faults, at both clock changes, for every rule, form and type of column."""
    seen: Counter[str] = Counter()

    @settings(max_examples=250, deadline=None, derandomize=True, database=None)
    @given(
        _written(),
        st.sampled_from(["first", "second", "refuse", "refuse"]),
        st.sampled_from([PARIS, PARIS, None]),
    )
    def agrees(
        written: tuple[str | None, list[datetime], list[str | None]], rule: Repeated, zone: ZoneInfo | None
    ) -> None:
        form, _, texts = written
        expected = [_one(text, zone, rule, form) for text in texts]
        seen.update(e if isinstance(e, str) else "read" for e in expected)
        for dtype in ("object", "str"):
            column = pd.Series(texts, dtype=dtype)
            assert _all(column, Clock(zone, rule), form) == expected

    agrees()
    assert min(seen[k] for k in ("read", "nonexistent_local_time", "repeated_local_time")) > 50, seen
    assert min(seen[k] for k in ("naive_time", "not_a_time")) > 50, seen


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(_written(), st.sampled_from(["first", "second", "refuse"]))
def test_a_typed_column_of_naive_times_is_read_as_their_texts_are(
    written: tuple[str | None, list[datetime], list[str | None]], rule: Repeated
) -> None:
    """A Parquet file's own naive times, as a column or one by one."""
    _, local, _ = written
    expected = [_one(when.isoformat(), PARIS, rule, None) for when in local]
    assert _all(pd.Series(np.array(local, "datetime64[us]")), Clock(PARIS, rule), None) == expected
    assert _all(pd.Series(local, dtype=object), Clock(PARIS, rule), None) == expected


def _one(text: str | None, zone: ZoneInfo | None, rule: Repeated, form: str | None) -> int | str | None:
    """A time as a request has it: what is none is called by what stands there, as in a file."""
    if text is None:
        return None
    try:
        return instant(parse_time(text, zone, rule, form))
    except TimeError as error:
        return time_code(text) if error.code == "not_a_time" else error.code


def _all(column: pd.Series, clock: Clock, form: str | None) -> list[int | str | None]:
    times, faults = read_times(column, clock, form)
    assert str(times.dtype) == "datetime64[us, UTC]"
    out: list[int | str | None] = [None if pd.isna(t) else instant(t) for t in times]
    for code, rows in faults.items():
        for row in np.flatnonzero(rows):
            assert out[row] is None, "a faulty cell must be missing"
            out[row] = code
    return out


@pytest.mark.parametrize(
    "zone", ["Europe/Paris", "Australia/Lord_Howe", "Africa/Casablanca", "America/Cayenne"]
)
def test_many_times_have_the_local_clock_that_each_has_alone(zone: str) -> None:
    """Through every change of the clock in two years, a few times at once or thousands, far apart or close."""
    place, first = ZoneInfo(zone), instant(datetime(2023, 1, 1, tzinfo=UTC))
    times = first + np.arange(0, 2 * 366 * 24 * 2, dtype=np.int64) * (HOUR // 2) + 7
    alone = np.array([_by_python(int(t), place) for t in times])
    assert np.array_equal(local_clock(times, place), alone)
    assert np.array_equal(local_clock(times[::-1].reshape(2, -1), place), alone[::-1].reshape(2, -1))
    apart = np.concatenate([times[:70], times[:70] - 20_000 * 24 * HOUR])
    assert np.array_equal(local_clock(apart, place)[:70], alone[:70])
    assert all(int(local_clock(times[i : i + 1], place)[0]) == alone[i] for i in range(0, times.size, 997))


def _by_python(time: int, zone: ZoneInfo) -> int:
    offset = moment(time).astimezone(zone).utcoffset()
    assert offset is not None
    return time + int(offset.total_seconds() * 1_000_000)
