"""What `vigie monitor` sees and what it must not: 600 sound years, 200 of each shift of 20 and of 40 %.

Year: a hospital with both models, monitored daily. The seeds of this run set no threshold, share or margin.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats

from benchmarks.monitor.years import KINDS, RELEASED, YEAR, Shift, simulate_year
from benchmarks.results import Figure, conditions, publish
from registry.monitoring.sequential_tests import watch
from registry.policy.board_policy import default_policy
from registry.policy.monitor_rules import MonitorRules

SOUND, SHIFTED = 600, 200
MOST_FALSE, LEAST_SEEN = 20, 180
WITHIN_DAYS = {0.2: 42, 0.4: 14}
SEED = 20_261_130
_FIRST, _LAST = 30, 300  # day after the release on which a shift begins; after it the year has room to see it


@dataclass(frozen=True)
class _Job:
    number: int
    kind: str | None = None
    size: float = 0.0


@dataclass(frozen=True)
class _Seen:
    """Of one year: the families that alarmed, with the day counted from the shift (sound: from the release)."""

    job: _Job
    alarms: tuple[tuple[int, str], ...]


@cache
def _rules() -> MonitorRules:
    return default_policy().monitor


def _one(job: _Job) -> _Seen:
    kind = len(KINDS) if job.kind is None else KINDS.index(job.kind)
    rng = np.random.default_rng([SEED, kind, round(100 * job.size), job.number])
    shift = None if job.kind is None else Shift(job.kind, job.size, int(rng.integers(_FIRST, _LAST)))
    year = simulate_year(rng, shift)
    begun = year.released_day + (0 if shift is None else shift.after_days)
    found = []
    for figures in year.models.values():
        for alarm in watch(figures, year.released_day, _rules()).alarms:
            found.append((alarm.day - begun, alarm.figure.family))
    return _Seen(job, tuple(sorted(found)))


def main() -> None:
    """Runs all years on the cores there are, and publishes what was seen."""
    jobs = [_Job(i) for i in range(SOUND)]
    jobs += [_Job(i, kind, size) for kind in KINDS for size in WITHIN_DAYS for i in range(SHIFTED)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        seen = list(pool.map(_one, jobs, chunksize=10))
    publish("monitor", [*_false_alarms([s for s in seen if s.job.kind is None]), *_power(seen)])


def _false_alarms(sound: Sequence[_Seen]) -> list[Figure]:
    where = (
        f"{SOUND} simulated years with both models, {RELEASED} days before the release and {YEAR} after, daily runs; "
        f"fresh seeds; {conditions()}"
    )
    number = sum(bool(s.alarms) for s in sound)
    high = 100 * float(stats.beta.ppf(0.95, number + 1, len(sound) - number))
    out = [
        Figure(
            "sound years with any alarm",
            "years",
            f"at most {MOST_FALSE}",
            number,
            number <= MOST_FALSE,
            where,
        ),
        Figure("sound years with any alarm, 95 % upper bound", "%", None, round(high, 2), None, where),
    ]
    families = sorted({family for s in sound for _, family in s.alarms})
    for family in families:
        count = sum(any(f == family for _, f in s.alarms) for s in sound)
        out.append(Figure(f"sound years in which {family} alarmed", "years", None, count, None, where))
    return out


def _power(seen: Sequence[_Seen]) -> list[Figure]:
    out = []
    for kind in KINDS:
        for size, within in WITHIN_DAYS.items():
            years = [s for s in seen if s.job.kind == kind and s.job.size == size]
            first = [min((d for d, _ in s.alarms if d >= 0), default=YEAR) for s in years]
            number = sum(day < within for day in first)
            where = (
                f"{SHIFTED} years, the shift from a day 30 to 300 after the release on; an alarm before it counts "
                f"for nothing; fresh seeds; {conditions()}"
            )
            name = f"{kind} shifted by {size:.0%}"
            target = f"at least {LEAST_SEEN} of {SHIFTED} within {within} days"
            out.append(Figure(f"{name}, seen", "years", target, number, number >= LEAST_SEEN, where))
            out.append(
                Figure(
                    f"{name}, days to the alarm, median",
                    "days",
                    None,
                    float(np.median(first)) + 1,
                    None,
                    where,
                )
            )
    return out


if __name__ == "__main__":
    main()
