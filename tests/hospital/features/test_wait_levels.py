"""Where waits stand by triage level: the mean of a day, a week and four weeks, and the longest that goes on."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hospital.features.emergency_flow import LongestWaits, WaitLevels, present_spans
from hospital.features.feature import TRIAGE_RANK
from hospital.record.events import FOREVER, Facts
from hospital.times import DAY, HOUR, MINUTE, MISSING_TIME

HOURS = {"mean_wait_24h": 24, "mean_wait_7d": 168, "mean_wait_28d": 672}
RANKS = (TRIAGE_RANK["2"], TRIAGE_RANK["4"], np.nan)

VISIT = st.tuples(
    st.integers(0, 40 * 24),  # hour of arrival
    st.one_of(st.none(), st.integers(0, 600)),  # minutes until seen
    st.integers(0, 60),  # hours until that is known
    st.sampled_from(RANKS),
)


def _visits(rows: list[tuple[int, int | None, int, float]]) -> tuple[Facts, np.ndarray]:
    arrived = np.array([a * HOUR for a, *_ in rows], np.int64)
    seen = np.array([MISSING_TIME if w is None else a * HOUR + w * MINUTE for a, w, *_ in rows], np.int64)
    known = np.array([a * HOUR + k * HOUR for a, _, k, _ in rows], np.int64)
    columns = {"arrived_at": arrived, "seen_at": seen}
    facts = Facts(columns, np.arange(len(rows)), known, np.full(len(rows), FOREVER))
    return facts, np.array([r for *_, r in rows], np.float64)


@settings(max_examples=60)
@given(
    st.lists(VISIT, min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 75 * 24), st.sampled_from((*RANKS, 1.0))), min_size=1, max_size=6),
)
def test_means_are_of_those_seen_and_known_in_time(
    rows: list[tuple[int, int | None, int, float]], asked: list[tuple[int, float]]
) -> None:
    """Brute force over visits agrees: of the same level, seen within the window, and known to be by then."""
    visits, rank = _visits(rows)
    times, ranks = np.array([h * HOUR for h, _ in asked], np.int64), np.array([r for _, r in asked])
    found = WaitLevels(visits, rank).at(times, ranks)
    for i, (hour, level) in enumerate(asked):
        now = hour * HOUR
        for name, hours in HOURS.items():
            waits = [
                w
                for a, w, k, r in rows
                if w is not None
                and (r == level or (np.isnan(r) and np.isnan(level)))
                and (a + k) * HOUR <= now
                and a * HOUR + w * MINUTE <= now < a * HOUR + w * MINUTE + hours * HOUR
            ]
            wanted = np.mean(waits) if waits else np.nan
            assert np.isclose(found[name][i], wanted, equal_nan=True), (name, i)


def test_one_at_a_time_is_the_same_bits_as_all() -> None:
    """Whether the table of recent changes answers or a search: the sums are of whole seconds."""
    rng = np.random.default_rng(1)
    arrived = np.sort(rng.integers(0, 40 * DAY, 500))
    seen = arrived + rng.integers(0, 5 * HOUR, 500)
    facts = Facts({"arrived_at": arrived, "seen_at": seen}, np.arange(500), seen, np.full(500, FOREVER))
    rank = rng.choice(np.array(RANKS), 500)
    levels = WaitLevels(facts, rank)
    times, ranks = np.sort(rng.integers(0, 41 * DAY, 60)), rng.choice(np.array(RANKS), 60)
    together = levels.at(times, ranks)
    assert np.isfinite(together["mean_wait_28d"]).mean() > 0.9
    for i in range(60):
        one = levels.at(times[i : i + 1], ranks[i : i + 1])
        for name in HOURS:
            assert one[name].tobytes() == together[name][i : i + 1].tobytes()


QUEUE = st.tuples(
    st.integers(0, 30 * 60),  # minute of arrival
    st.one_of(st.none(), st.integers(0, 14 * 60)),  # minutes until seen
    st.integers(0, 90),  # minutes until the arrival is known
    st.sampled_from(RANKS[:2]),
)


@settings(max_examples=80)
@given(
    st.lists(QUEUE, min_size=1, max_size=14),
    st.lists(
        st.tuples(st.integers(0, 45 * 60), st.integers(-1, 13), st.sampled_from(RANKS)),
        min_size=1,
        max_size=6,
    ),
)
def test_the_longest_wait_is_that_of_those_known_to_wait(
    rows: list[tuple[int, int | None, int, float]], asked: list[tuple[int, int, float]]
) -> None:
    """Brute force over visits agrees: of the level, or at least as urgent, begun within twelve hours, not oneself."""
    n = len(rows)
    arrived = np.array([a * MINUTE for a, *_ in rows], np.int64)
    end = np.array([FOREVER if w is None else (a + w) * MINUTE for a, w, *_ in rows], np.int64)
    known = np.array([(a + k) * MINUTE for a, _, k, _ in rows], np.int64)
    rank = np.array([r for *_, r in rows])
    facts = Facts({"arrived_at": arrived}, np.arange(n), known, np.full(n, FOREVER))
    ranks = np.array(RANKS[:2])
    spans = []
    for level in ranks:
        mine = rank == level
        part = facts.where(mine)
        spans.append(present_spans(part, part["arrived_at"], end[mine], part["arrived_at"]))
    longest = LongestWaits(ranks, spans)
    times = np.array([m * MINUTE for m, *_ in asked], np.int64)
    own, urgency = np.array([i for _, i, _ in asked], np.int64), np.array([r for *_, r in asked])
    found = longest.at(times, own, urgency)
    for i, (now, me, level) in enumerate(asked):
        there = [
            (now - a, r)
            for j, (a, w, k, r) in enumerate(rows)
            if j != me
            and a + k <= now
            and now - (a + k) < 12 * 60
            and (w is None or now < a + w)
            and k < (w or 1e9)
        ]
        for name, waits in (
            ("ed_longest_same", [m for m, r in there if r == level]),
            ("ed_longest_ahead", [m for m, r in there if r <= level]),
        ):
            assert np.array_equal(found[name][i], max(waits, default=np.nan), equal_nan=True), (name, i)
    for i in range(times.size):
        one = longest.at(times[i : i + 1], own[i : i + 1], urgency[i : i + 1])
        assert all(one[name].tobytes() == found[name][i : i + 1].tobytes() for name in found)


def test_a_longest_wait_is_that_of_the_revision_known_then() -> None:
    """An arrival that is corrected later, and a level that was another, are not known before."""
    facts = Facts(
        {"arrived_at": np.array([60, 0]) * MINUTE},
        np.array([7, 7]),
        np.array([60, 90]) * MINUTE,
        np.array([90 * MINUTE, FOREVER]),
    )
    urgent, other = (facts.where(np.array(mine)) for mine in ([False, True], [True, False]))
    spans = [
        present_spans(part, part["arrived_at"], np.full(1, FOREVER), part["arrived_at"])
        for part in (urgent, other)
    ]
    found = LongestWaits(np.array([1.0, 4.0]), spans).at(
        np.array([80, 100]) * MINUTE, np.array([-1, -1]), np.array([4.0, 4.0])
    )
    assert found["ed_longest_ahead"].tolist() == [20.0, 100.0]
    assert np.array_equal(found["ed_longest_same"], [20.0, np.nan], equal_nan=True)
