"""Where waits stand: the mean of a day, a week and four weeks by triage level, as it was known at the time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hospital.features.emergency_flow import WaitLevels
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
