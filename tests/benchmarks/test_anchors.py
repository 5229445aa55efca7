"""Outside anchors: scores by their published definitions, the same rows for all, and nothing of the future."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.anchors.bed_series import BedSeries, Places, places
from benchmarks.anchors.classics import quantiles_of
from benchmarks.anchors.comparison import BEFORE, LIGHTGBM, MEAN, MEANS_BEFORE, VIGIE, cells, groups
from benchmarks.anchors.data_sets import ALL, CHOOSING, data_set
from benchmarks.anchors.figures import figures_of
from benchmarks.anchors.forecast_files import Forecasts, aligned, path_of, read, together, write
from benchmarks.anchors.intervals.level_changes import CHANGED, days_since_change
from benchmarks.anchors.intervals.unit_shares import unit_figures, unit_shares
from benchmarks.anchors.parts import parts_of
from benchmarks.anchors.plain_beds import features as bed_features
from benchmarks.anchors.plain_boosters import FITTED, all_levels, uncrossed
from benchmarks.anchors.plain_waits import Visits
from benchmarks.anchors.plain_waits import features as wait_features
from benchmarks.anchors.scores import (
    absolute_error,
    crps,
    difference,
    inside,
    interval_score,
    mean_of_both,
    tail_loss,
)
from hospital.dataset.quantiles import LEVELS
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import DAY, HOUR, MINUTE
from tests.support.repository import ROOT

UTC = ZoneInfo("UTC")


def rows(outcome: list[float], quantiles: np.ndarray, days: list[int] | None = None) -> Forecasts:
    """Rows of one unit a day ahead, one a day."""
    n = len(outcome)
    time = np.array(days if days is not None else range(n), np.int64) * DAY
    return Forecasts(
        np.array([f"r{i}" for i in range(n)]),
        time,
        np.full(n, 24.0),
        np.full(n, "A"),
        np.array(outcome),
        np.ones(n),
        np.broadcast_to(quantiles, (n, len(LEVELS))).astype(np.float64),
        "test",
    )


UNIFORM = np.array(LEVELS) * 10  # of a uniform distribution from 0 to 10


def test_the_interval_score_is_the_published_one() -> None:
    """p10 to p90 is 1 to 9: its width, and ten times what lies outside (2/α with α 0.2)."""
    assert interval_score(rows([5.0, 9.0, 11.0, 0.5], UNIFORM)).tolist() == pytest.approx(
        [8, 8, 8 + 20, 8 + 5]
    )
    assert inside(rows([5.0, 9.0, 11.0, 0.5], UNIFORM)).tolist() == [100, 100, 0, 0]


def test_the_crps_is_the_integral() -> None:
    """Of a uniform forecast from 0 to 10 it is 10·(u³ + (1 - u)³)/3 at u = y/10, of a point the absolute error; of
    every forecast twice the pinball loss, written out as a loop."""
    y = [0.0, 2.0, 5.0, 9.0]
    exact = [10 * ((v / 10) ** 3 + (1 - v / 10) ** 3) / 3 for v in y]
    assert crps(rows(y, UNIFORM)).tolist() == pytest.approx(exact, abs=0.17)
    assert crps(rows(y, np.full(19, 4.0))).tolist() == pytest.approx([4, 2, 1, 5])
    normal = stats.norm.ppf(LEVELS, 3.0, 2.0)
    for value, found in zip(y, crps(rows(y, normal)).tolist(), strict=True):
        losses = [
            (p * (value - q) if value >= q else (1 - p) * (q - value))
            for p, q in zip(LEVELS, normal, strict=True)
        ]
        assert found == pytest.approx(2 * sum(losses) / len(losses))
        z = (value - 3.0) / 2.0
        closed = 2.0 * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
        assert found == pytest.approx(closed, rel=0.1)


def test_errors_and_the_tail_are_of_their_own_quantiles() -> None:
    """The median is 5, p90 is 9: above it a minute costs 0.9, below it 0.1."""
    judged = rows([7.0, 11.0], UNIFORM)
    assert absolute_error(judged).tolist() == pytest.approx([2, 6])
    assert tail_loss(judged).tolist() == pytest.approx([0.2, 1.8])


def test_rows_are_the_same_for_all() -> None:
    """In another order, and with rows that the others lack: by name, never by place."""
    ours = rows([1.0, 2.0, 3.0, 4.0], UNIFORM)
    theirs = ours.part(np.array([3, 0, 2])).forecast_as(np.array([[30.0], [0.0], [20.0]]) + UNIFORM, "x")
    found = aligned({"ours": ours, "theirs": theirs})
    assert found["ours"].row_id.tolist() == found["theirs"].row_id.tolist() == ["r0", "r2", "r3"]
    assert found["theirs"].quantiles[:, 0].tolist() == pytest.approx([0.5, 20.5, 30.5])
    assert found["theirs"].outcome.tolist() == [1, 3, 4]


def test_other_outcomes_are_no_comparison() -> None:
    """Two readings of the data that differ in what came are refused, by the row's name."""
    ours = rows([1.0, 2.0], UNIFORM)
    with pytest.raises(ValueError, match="other has another outcome of 1 rows, as of r1"):
        aligned({"ours": ours, "other": replace(ours, outcome=np.array([1.0, 2.5]))})


def test_the_weights_are_one_methods_for_all() -> None:
    """A part's weights are its own: kept from another part they would weigh the same rows otherwise."""
    ours = replace(rows([1.0, 2.0], UNIFORM), weight=np.array([1.0, 3.0]))
    found = aligned({"ours": ours, "theirs": rows([1.0, 2.0], UNIFORM)})
    assert found["theirs"].weight.tolist() == [1, 3]


def test_what_is_kept_is_what_was_made(tmp_path: Path) -> None:
    """To the last bit, with texts and maker; object texts of a hospital are kept as texts."""
    made = replace(rows([1.0, 2.0], UNIFORM), unit=np.array(["Médecine", "B"], object))
    write(tmp_path / "a" / "m.npz", made)
    found = read(tmp_path / "a" / "m.npz")
    assert found.unit.tolist() == ["Médecine", "B"]
    assert found.made_by == "test"
    assert np.array_equal(found.quantiles, made.quantiles)


def test_days_of_two_hospitals_are_not_one_day() -> None:
    """Each part's days follow those of the one before, by whole days; halves of one survey share theirs."""
    late = rows([1.0, 2.0], UNIFORM, [700, 701])
    early = rows([3.0], UNIFORM, [5])
    joined = together([late, early], same_days=False)
    assert (joined.time // DAY).tolist() == [0, 1, 2]
    assert len(set(joined.row_id.tolist())) == 3
    assert (together([late, late], same_days=True).time // DAY).tolist() == [700, 701, 700, 701]
    shifted = replace(late, time=late.time + 22 * HOUR)
    assert set((together([shifted, shifted], same_days=False).time % DAY).tolist()) == {22 * HOUR}


def test_a_difference_has_the_days_chance() -> None:
    """Always one more: certainly one. By days: more rows of the same day make it no more certain."""
    judged = rows([0.0] * 60, UNIFORM)
    found = difference(np.full(60, 2.0), np.ones(60), judged)
    assert found is not None
    assert (found.value, found.sd) == (1.0, 0.0)
    noise = np.random.default_rng(1).normal(0, 1, 60)
    once = difference(noise, np.zeros(60), judged)
    twice = difference(np.repeat(noise, 9), np.zeros(540), judged.part(np.repeat(np.arange(60), 9)))
    assert once is not None
    assert twice is not None
    assert twice.sd == pytest.approx(once.sd)
    assert twice.blocks == once.blocks


def test_the_mean_is_of_quantiles() -> None:
    """Level by level, so that its median is the mean of the medians."""
    one, other = rows([0.0], UNIFORM), rows([0.0], UNIFORM + 4)
    assert mean_of_both(one, other).quantiles[0].tolist() == pytest.approx((UNIFORM + 2).tolist())


def test_quantiles_that_cross_move_outwards() -> None:
    """The median stays; the others never lie on its wrong side."""
    found = uncrossed(np.array([[3.0, 6.0, 5.0, 4.0, 7.0]]))
    assert found.tolist() == [[3, 5, 5, 5, 7]]


def test_levels_between_lie_on_the_line() -> None:
    """Fitted levels as they are: of quantiles that are linear in the level all are."""
    found = all_levels(np.array([FITTED, np.array(FITTED) * 100]))
    assert found[0].tolist() == pytest.approx(list(LEVELS))
    assert found[1].tolist() == pytest.approx([100 * p for p in LEVELS])


def test_central_intervals_become_quantiles() -> None:
    """The 90 % interval's ends are the 5 and 95 % quantiles, the 10 % interval's 45 and 55 %."""
    body = {"mean": np.array([50.0])}
    for central in range(10, 100, 10):
        body |= {f"lo-{central}": np.array([50 - central / 2]), f"hi-{central}": np.array([50 + central / 2])}
    assert quantiles_of(body)[0].tolist() == pytest.approx([100 * p for p in LEVELS])
    crossed = quantiles_of(body | {"hi-20": np.array([54.0])})
    assert crossed[0].tolist() == pytest.approx([100 * p if p != 0.6 else 55 for p in LEVELS])


def daily() -> BedSeries:
    """Two units, a hundred days."""
    beds = np.random.default_rng(2).integers(5, 30, (2, 100)).astype(np.float64)
    return BedSeries(("A", "B"), np.arange(100) * DAY, beds, {"covid": beds / 2}, 24, UTC)


def test_rows_are_found_in_the_series() -> None:
    """By the day of the target, as far back as the forecast looks ahead."""
    series = daily()
    judged = rows([series.beds[0, 41], series.beds[0, 42]], UNIFORM, [40, 41])
    found = places(series, judged)
    assert (found.unit.tolist(), found.origin.tolist(), found.ahead.tolist()) == ([0, 0], [40, 41], [1, 1])
    with pytest.raises(ValueError, match="other outcomes"):
        places(series, replace(judged, outcome=judged.outcome + 1))


@pytest.mark.parametrize("step_hours", [1, 24])
def test_bed_features_know_nothing_of_the_future(step_hours: int) -> None:
    """Whatever comes after the forecast's step, they are the same; and what came before it counts."""
    steps = 40 * 24 // step_hours
    beds = np.random.default_rng(3).integers(5, 30, (2, steps)).astype(np.float64)
    series = BedSeries(
        ("A", "B"), np.arange(steps) * step_hours * HOUR, beds, {"covid": beds}, step_hours, UTC
    )
    origin = steps * 3 // 4
    judged = Places(np.array([0, 1]), np.full(2, origin), np.array([7, 7]))
    found = bed_features(series, judged)
    later, earlier = beds.copy(), beds.copy()
    later[:, origin + 1 :] += 100
    earlier[:, : origin + 1] += np.arange(origin + 1)
    pd.testing.assert_frame_equal(
        found, bed_features(replace(series, beds=later, covariates={"covid": later}), judged)
    )
    assert not found.equals(bed_features(replace(series, beds=earlier), judged))


def hospital(shift_minutes: int) -> HospitalTables:
    """Forty visits, one each ten minutes, who wait for 30, 31, 32 minutes in turn; whoever is seen after 200 minutes is
    seen later by the shift."""
    minute = np.arange(40) * 10
    seen = minute + 30 + np.arange(40) % 3
    seen = np.where(seen > 200, seen + shift_minutes, seen)
    at = {
        n: pd.to_datetime(v * MINUTE, unit="us", utc=True)
        for n, v in (("arrived_at", minute), ("seen_at", seen))
    }
    visits = pd.DataFrame({**at, "triaged_at": at["arrived_at"], "visit_id": [f"v{i}" for i in range(40)]})
    visits["triage"] = np.array(["2", "3"], object)[np.arange(40) % 2]
    visits = visits.astype(dict.fromkeys(("arrived_at", "seen_at", "triaged_at"), "datetime64[us, UTC]"))
    return HospitalTables({"visits": visits}, UTC, None, (), (), (), "")


def test_wait_features_know_nothing_of_the_future() -> None:
    """Who is seen later is in the queue, whenever that will be, and their waits are not known."""
    found = [wait_features(Visits(h.tables["visits"]), h) for h in (hospital(0), hospital(500))]
    for frame in found:
        assert frame["queue"].tolist()[10] == 3  # who came at minutes 70 (seen at 101), 80 and 90
        assert frame["queue_2"].tolist()[10] + frame["queue_3"].tolist()[10] == 3
        assert frame["last_5"].tolist()[10] == pytest.approx((32 + 30 + 31 + 32 + 30) / 5)
        assert np.isnan(frame["last_20"].tolist()[10])
        assert frame["arrivals_1h"].tolist()[10] == 6
    pd.testing.assert_frame_equal(found[0].iloc[:18], found[1].iloc[:18])
    assert found[1]["queue"].tolist()[39] > found[0]["queue"].tolist()[39]


def test_the_last_year_is_kept_back() -> None:
    """It is no part of what is chosen on, nor of any figure of it; named, it is made, and shown only when asked for."""
    assert [d.name for d in ALL if d.final] == ["divi-2024"]
    assert data_set("divi-2024") not in CHOOSING
    assert [d.name for d in groups(CHOOSING)["divi"]] == ["divi-2021", "divi-2022", "divi-2023"]
    with_last = groups(ALL)
    assert [d.name for d in with_last["divi"]] == ["divi-2021", "divi-2022", "divi-2023"]
    assert len(with_last["divi, every origin"]) == 4
    assert {d.group for d in CHOOSING} == {"divi", "swedish", "nhamcs", "hospital-beds", "hospital-waits"}
    with pytest.raises(SystemExit, match="divi-2024"):
        data_set("divi-2025")


def test_vigie_comes_first_and_waits_have_no_classics() -> None:
    """The other methods forecast the rows that Vigie does."""
    parts = parts_of([data_set("divi-2022"), data_set("swedish")], ("mstl", "lightgbm", "vigie"), "after")
    assert [p.file for p in parts] == ["vigie-after", "lightgbm", "mstl", "vigie-after", "lightgbm"]


def test_vigie_is_held_against_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the error of before is a gain of 50 %; LightGBM's mean with each; targets where there are any."""
    monkeypatch.chdir(tmp_path)  # forecasts are kept below the folder that a run is started in
    outcome = np.full(120, 10.0)
    for name, off in (
        ("vigie-now", 1.0),
        ("vigie-model-now", 1.0),
        ("vigie-before", 2.0),
        ("vigie-model-before", 1.5),
        ("lightgbm", 3.0),
    ):
        for part in ("divi-2021", "divi-2022"):
            write(path_of(part, name), rows(outcome.tolist(), np.full(19, 10 + off)))
    found = {
        c.method: c for c in cells("divi", [data_set("divi-2021"), data_set("divi-2022")], "now", "before")
    }
    assert found[VIGIE].scores["MAE"] == 1
    assert found[VIGIE].rows == 240
    assert found[BEFORE].gains["MAE"].value == pytest.approx(50)
    assert found[MEAN].gains["MAE"].value == pytest.approx(50)
    assert [found[name].scores["MAE"] for name in MEANS_BEFORE.values()] == pytest.approx([2.5, 2.25])
    assert found[LIGHTGBM].gains["MAE"].low == pytest.approx(100 * 2 / 3)
    figures = {f.figure: f for f in figures_of(list(found.values()), "here")}
    gain = figures["gain of Vigie, divi, 1 d, LightGBM: MAE"]
    assert (gain.target, gain.met) == ("at least 3", True)
    assert figures["divi, 1 d, Vigie: inside p10–p90"].met is False
    assert cells("divi", [data_set("divi-2023")], "now", None) == []


def test_a_level_changes_where_a_week_lies_a_fifth_from_the_month_before() -> None:
    """From 10 to 12 at day 50 by the outcome's day, which is the day after the forecast's: 28 days from there, for the
    unit alone; 11.9 is no change."""
    for level, expected in ((12.0, list(range(49, 77))), (11.9, [])):
        outcome = np.where(np.arange(120) < 50, 10.0, level)
        forecasts = rows([*outcome, *np.full(120, 10.0)], UNIFORM, [*range(-1, 119), *range(-1, 119)])
        changed = np.isfinite(days_since_change(forecasts, np.repeat(["A", "B"], 120)))
        assert not changed[120:].any()
        assert [int(t // DAY) for t in forecasts.time[changed]] == expected


def test_intervals_are_asked_unit_by_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four of five outcomes inside reach the promise, all of them do not; a score is worse where it surely is."""
    monkeypatch.chdir(tmp_path)
    day = np.arange(400)
    far = np.where(np.random.default_rng(1).random(400) < 0.2, 8.0, 0.0)
    outcomes = {"kept": far, "wide": np.zeros(400)}
    for name, scale in (("vigie-now", 1.0), ("vigie-model-now", 1.0), ("lightgbm", 0.9)):
        parts = []
        for unit, outcome in outcomes.items():
            one = rows((100 + outcome).tolist(), 100 + scale * (UNIFORM - 5), day.tolist())
            names = np.array([f"{unit}{i}" for i in day])
            parts.append(replace(one, unit=np.full(400, unit), row_id=names))
        both = {
            f: np.concatenate([getattr(p, f) for p in parts]) for f in ("row_id", "unit", "outcome", "time")
        }
        both |= {
            f: np.concatenate([getattr(p, f) for p in parts])
            for f in ("weight", "horizon_hours", "quantiles")
        }
        write(path_of("divi-2021", name), replace(parts[0], **both))
    shares = {s.cell: s for s in unit_shares("divi-2021", [data_set("divi-2021")], "now")}
    kept, wide = shares["divi-2021, kept"], shares["divi-2021, wide"]
    assert (kept.reaches, wide.reaches) == (True, False)
    assert kept.inside.low < 80 < kept.inside.high
    assert (kept.rows, wide.inside.value) == (400, 100)
    assert (kept.worse, wide.worse) == (False, True)  # 8 wide in place of 7.2, and nothing outside either
    assert wide.gain.value == pytest.approx(-100 / 9)
    assert CHANGED not in shares
    figures = {f.figure: f for f in unit_figures(list(shares.values()), "here")}
    reached = figures["divi-2021, 1 d, units: coverage reaches into 77 to 83 %"]
    assert (reached.measured, reached.unit, reached.met) == (1, "of 2", False)
    assert reached.conditions == "here; not: divi-2021, wide"
    assert figures["divi-2021, 1 d, units: interval score significantly worse"].measured == 1
    assert unit_shares("divi-2021", [data_set("divi-2021")], "other") == []


def test_outside_libraries_are_the_benchmarks_alone() -> None:
    """Pinned beside the product's, in the same versions where both have one, and not in what serves."""

    def pins(name: str) -> dict[str, str]:
        lines = (ROOT / "requirements" / f"{name}.lock").read_text().splitlines()
        return dict(
            line.split()[0].split("==") for line in lines if "==" in line and not line.startswith(" ")
        )

    anchors, dev, serve = pins("anchors"), pins("dev"), pins("serve")
    assert {"lightgbm", "statsforecast"} <= set(anchors)
    assert not {"lightgbm", "statsforecast"} & set(serve)
    assert "statsforecast" not in dev  # LightGBM is, for the tests of explain, which reads its models
    assert {n: v for n, v in anchors.items() if n in dev} == {n: dev[n] for n in anchors if n in dev}
    text = (ROOT / "requirements" / "anchors.lock").read_text()
    assert text.count("==") <= text.count("--hash=sha256:")
    assert "http" not in text
