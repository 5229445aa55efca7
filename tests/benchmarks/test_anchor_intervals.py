"""Intervals where it is hard to hold them: by part of the day, and after a level change by when a forecast was made."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from benchmarks.anchors.data_sets import ALL, data_set
from benchmarks.anchors.forecast_files import Forecasts, path_of, write
from benchmarks.anchors.intervals.change_figures import change_figures
from benchmarks.anchors.intervals.hour_bands import band_figures, band_shares, hour_bands
from benchmarks.anchors.intervals.level_changes import days_since_change_of, ideal_shares
from hospital.dataset.quantiles import LEVELS
from hospital.times import DAY, HOUR

UNIFORM = np.array(LEVELS) * 10  # of a uniform distribution from 0 to 10: p10 to p90 are 1 to 9
NEW_YEAR = 19_723 * DAY  # 1 January 2024, midnight in UTC


def rows(outcome: np.ndarray, time: np.ndarray, horizon_hours: float, quantiles: np.ndarray) -> Forecasts:
    """Rows of one unit."""
    n = outcome.size
    names = np.array([f"r{i}" for i in range(n)])
    whole = np.broadcast_to(quantiles, (n, len(LEVELS))).astype(np.float64)
    unit, ahead = np.full(n, "A"), np.full(n, horizon_hours)
    return Forecasts(names, time, ahead, unit, outcome, np.ones(n), whole, "test")


def keep(name: str, ours: Forecasts, lightgbm: np.ndarray) -> None:
    """Vigie's forecasts as `now`, and LightGBM's quantiles of the same rows."""
    for method in ("vigie-now", "vigie-model-now"):
        write(path_of(name, method), ours)
    write(path_of(name, "lightgbm"), ours.forecast_as(np.broadcast_to(lightgbm, ours.quantiles.shape), "x"))


def test_the_part_of_the_day_is_that_of_the_outcome_by_the_hospitals_clock() -> None:
    """Four hours after 20 h in UTC it is one o'clock in Paris; in summer a wait at 4 h in UTC is asked at 6 h."""
    winter = rows(np.zeros(1), np.array([NEW_YEAR + 20 * HOUR]), 4.0, UNIFORM)
    summer = rows(np.zeros(1), np.array([NEW_YEAR + 182 * DAY + 4 * HOUR]), 0.0, UNIFORM)
    zone = ZoneInfo("Europe/Paris")
    assert hour_bands(winter, zone).tolist() == ["0 to 6 h"]
    assert hour_bands(summer, zone).tolist() == ["6 to 12 h"]


def test_intervals_are_asked_by_part_of_the_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds all day and never at night is 75 % of all, and 0 and 100 % of each; LightGBM, wider at night, is
    better there alone. Both hospitals are asked by their own days, though one's follow the other's when joined."""
    monkeypatch.chdir(tmp_path)  # forecasts are kept below the folder that a run is started in
    for number, begin in (("22001", 0), ("22002", 150)):
        time = NEW_YEAR + begin * DAY + np.arange(480) * 6 * HOUR
        night = hour_bands(rows(time * 0.0, time, 0.0, UNIFORM), ZoneInfo("Europe/Paris")) == "0 to 6 h"
        ours = rows(np.where(night, 20.0, 5.0), time, 0.0, UNIFORM)
        keep(f"hospital-{number}-waits", ours, np.where(night[:, None], 3 * UNIFORM, 1.2 * UNIFORM))
    data = [data_set("hospital-22001-waits"), data_set("hospital-22002-waits")]
    found = {s.cell: s for s in band_shares("hospital-waits", data, "now")}
    assert len(found) == 8
    bands = ("0 to 6 h", "6 to 12 h", "12 to 18 h", "18 to 24 h")
    for of in data:
        inside = [found[f"{of.name}, {band}"].inside.value for band in bands]
        assert inside == [0, 100, 100, 100]
        assert [found[f"{of.name}, {band}"].worse for band in bands] == [True, False, False, False]
    figures = {f.figure: f for f in band_figures(list(found.values()), "here")}
    worse = figures["hospital-waits, parts of the day: interval score significantly worse"]
    assert (worse.measured, worse.met) == (2, False)
    assert worse.conditions == "here; not: hospital-22001-waits, 0 to 6 h, hospital-22002-waits, 0 to 6 h"
    assert figures["hospital-waits, hospital-22001-waits, 0 to 6 h: inside p10–p90"].measured == 0


def test_days_and_the_survey_have_no_hours() -> None:
    """Counts of whole days have none, nor have visits without a date; what has hours has its own clock."""
    zones = {d.group: d.zone for d in ALL}
    assert (zones["divi"], zones["nhamcs"]) == (None, None)
    assert str(zones["swedish"]) == "Europe/Stockholm"
    assert str(zones["hospital-beds"]) == str(zones["hospital-waits"]) == "Europe/Paris"


def test_days_since_a_change_are_counted_from_its_first_week() -> None:
    """Ten beds, then thirteen from day 50 on: a week with five days of it shows it, and the days go on for 28 from the
    last week that does; when the level falls again, that has days of its own."""
    level = np.where(np.arange(200) < 50, 10.0, 13.0)
    since = days_since_change_of(level)
    shown = [b for b in range(28, 194) if level[b : b + 7].mean() >= 1.2 * level[b - 28 : b].mean() - 1e-12]
    assert np.flatnonzero(np.isfinite(since)).tolist() == list(range(shown[0], shown[-1] + 28))
    assert since[shown[0]] == 0
    assert since[shown[-1] + 27] == shown[-1] + 27 - shown[0]
    fallen = days_since_change_of(np.concatenate([level, np.full(40, 10.0)]))
    assert np.flatnonzero(fallen == 0).tolist() == [48, 200]
    assert not np.isfinite(days_since_change_of(level[:34])).any()
    level[55] = np.nan
    assert np.isfinite(days_since_change_of(level)).sum() < np.isfinite(since).sum()


def test_who_knows_the_law_does_not_hold_days_that_outcomes_pick() -> None:
    """Of a random walk 80 % of all days hold; in the days after a level change the fewer the further ahead, since more
    of them were forecast before it. By another draw the same to three points."""
    found = ideal_shares([24.0, 72.0, 168.0, 336.0], seed=1)
    other = ideal_shares([24.0, 72.0, 168.0, 336.0], seed=2)
    values = list(found.values())
    assert values == sorted(values, reverse=True)
    assert 75 < values[0] < 80
    assert 45 < values[-1] < 55
    assert values == pytest.approx(list(other.values()), abs=3)


def test_forecasts_after_a_change_are_separated_by_when_they_were_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A week ahead, what was made before the change's first day does not hold, and all that was made since does: so
    many of 80 % are within reach. Nothing of one origin alone, nor of the year that was kept back."""
    monkeypatch.chdir(tmp_path)
    day = np.arange(200)
    level = np.where(day < 100, 20.0, 26.0)
    since = days_since_change_of(level)
    first = int(np.flatnonzero(since == 0)[0])
    centre = np.where(day - 7 < first, 20.0, level)
    data = [data_set("divi-2021"), data_set("divi-2022")]
    for of in (*data, data_set("divi-2024")):
        ours = rows(level, NEW_YEAR + (day - 7) * DAY, 168.0, (centre - 5.5)[:, None] + UNIFORM)
        ours = replace(ours, unit=np.full(200, of.name))
        keep(of.name, ours, np.full(len(LEVELS), 26.0))
    figures = {f.figure: f for f in change_figures("divi", data, "now", "here")}
    inside = [
        figures[f"divi, 7 d, 28 days after a level change, {made}, Vigie: inside p10–p90"].measured
        for made in ("made before its first day", "made in its first week", "made after its first week")
    ]
    early = level[first : first + 7] == 20  # the first week that shows a change may begin before it
    assert inside == [pytest.approx(100 * early.mean(), abs=0.1), 100, 100]
    bound = figures[
        "divi, 7 d, 28 days after a level change: inside p10–p90 if what was made since its first day held 80 %"
    ]
    days = int(np.isfinite(since).sum())
    assert bound.measured == pytest.approx((7 * 100 * early.mean() + (days - 7) * 80) / days, abs=0.06)
    assert bound.conditions == f"here; {100 * 7 / days:.0f} % of {2 * days} rows were made before"
    assert (
        figures["an ideal forecaster, 7 d, 28 days after a level change: inside p10–p90"].measured is not None
    )
    assert change_figures("divi-2021", data[:1], "now", "here") == []
    assert change_figures("divi, every origin", [*data, data_set("divi-2024")], "now", "here") == []
    assert change_figures("hospital-waits", [data_set("hospital-22001-waits")] * 2, "now", "here") == []
