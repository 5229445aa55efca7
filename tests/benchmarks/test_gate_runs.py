"""Hospitals judged by the hundreds: seeds of their own, and a stopped run that goes on."""

import json
from pathlib import Path

import pytest

from benchmarks.gates import __main__ as published
from benchmarks.gates import lengths
from benchmarks.gates.flaws import FLAWS
from benchmarks.gates.hospital_runs import KEPT, Task, cost, lower_bound, run, upper_bound

SMALL = [Task(-1, 0.0, 0, 100, 5), Task(-1, 0.0, 1, 100, 5)]


def test_no_two_hospitals_share_a_seed_and_none_is_of_the_run_before() -> None:
    """What was looked at before proves nothing the second time."""
    seeds = [t.seed for t in (*published.tasks(), *lengths.tasks())]
    assert len(set(seeds)) == len(seeds) > 10_000
    used = ((0, 100_000), (300_000, 414_001), (710_000, 790_001), (900_000, 970_000))
    assert not [s for s in seeds for low, high in used if low <= s % 1_000_000 < high]
    names = [t.name for t in (*published.tasks(), *lengths.tasks())]
    assert len(set(names)) == len(names)


def test_every_flaw_is_put_into_every_cell() -> None:
    """And sound hospitals with it."""
    every = list(lengths.tasks())
    for days in lengths.DAYS:
        for visits in lengths.VISITS:
            flaws = [t.flaw for t in every if (t.days, t.visits) == (days, visits)]
            assert flaws.count(-1) == lengths.SOUND
            assert {flaws.count(i) for i in range(len(FLAWS))} == {lengths.FLAWED}


def test_a_stopped_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there is not judged again; what the cost is measured on stays."""
    monkeypatch.chdir(tmp_path)  # what was judged is kept below the folder that a run is started in
    assert cost(SMALL).startswith("2 of 2 hospitals are to be judged, ")
    first = next(KEPT.glob(f"*/{SMALL[0].name}.json"))
    first.write_text(json.dumps({"verdict": "as it was"}))
    found = run(SMALL)
    assert found[SMALL[0]] == {"verdict": "as it was"}
    assert found[SMALL[1]]["verdict"] in ("pass", "inconclusive", "block")
    assert cost(SMALL) == "All 2 hospitals are judged already."


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),  # Clopper-Pearson: 0 of n has the upper bound 1 - 0.05^(1/n)
    [(0, 100, 0.0, 1 - 0.05 ** (1 / 100)), (100, 100, 0.05 ** (1 / 100), 1.0)],
)
def test_bounds_by_hand(count: int, of: int, low: float, high: float) -> None:
    """Of none and of all."""
    assert lower_bound(count, of) == pytest.approx(low)
    assert upper_bound(count, of) == pytest.approx(high)
