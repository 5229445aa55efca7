"""Forecasts on real data: German intensive-care beds (DIVI) and American emergency visits (NHAMCS).

Needs ``VIGIE_REAL_DATA``. Everything is printed and kept as measured, also where it falls short.
"""

import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.forecasts.nhamcs import P90, evidence_of, pinball, read_survey
from benchmarks.results import Figure, conditions, publish
from hospital.arrays import Array
from hospital.calendar import local_day, weekday
from hospital.dataset.baselines import BED_BASELINES
from hospital.dataset.quantiles import LEVELS
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.times import DAY, HOUR
from registry.evidence.records import Scored
from registry.gates.accuracy import judge_accuracy
from registry.gates.calibration import randomised_pit
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import ForecastModel
from registry.model.hospital.hospital_total_scores import score_hospital_total
from registry.model.hospital_total import same_time_and_horizon
from registry.model.interval_widths import adapted
from registry.model.scoring import score
from registry.policy.board_policy import default_policy
from registry.statistics.scope import choose_scope
from registry.statistics.verdict import Verdict
from training.packages.package_request import Request
from training.train import build_package

DIVI = "divi_icu_beds_daily_2020_2025.parquet"
MAPPING = Path(__file__).resolve().parents[2] / "docs" / "mappings" / "divi.toml"
JUDGED, EARLIER = 2024, (2021, 2022, 2023)
GAINS = {24.0: 3, 72.0: 8, 168.0: 12, 336.0: 15}
"""Per cent better than the best baseline that were promised, by horizon in hours."""
TAILS = {24.0: (8, 12), 72.0: (8, 12), 168.0: (8, 12), 336.0: (7, 13)}
HALVES = range(1, 9)
_ZONE = ZoneInfo("Europe/Berlin")


def main() -> int:
    """Measures and publishes."""
    folder = os.environ.get("VIGIE_REAL_DATA")
    if not folder:
        print("VIGIE_REAL_DATA is not set: name the folder of the real data sets.", file=sys.stderr)
        return 2
    tables = read_hospital(Path(folder) / DIVI, load_mapping(MAPPING), b"benchmark")
    figures = divi(tables, JUDGED, targets=True)
    for year in EARLIER:
        figures += divi(tables, year, targets=False)
    figures += nhamcs(Path(folder))
    publish("real", figures)
    return 0 if all(figure.met in (True, None) for figure in figures) else 1


def divi(tables: HospitalTables, year: int, *, targets: bool) -> list[Figure]:
    """One origin: trained and tuned before 22 August of the year, judged on the year after it."""
    begin, end = (int(datetime(y, 8, 22, tzinfo=_ZONE).timestamp() * 1e6) for y in (year, year + 1))
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as place:
        where = Path(place) / "package"
        built = build_package(Request("bed-demand", test_from=begin), tables, where, lambda *_: None)
        prepared, split = built.prepared, built.split
        model = ForecastModel(where)
    if not isinstance(prepared, PreparedBeds):
        raise TypeError("bed demand was asked for")
    judged = split.members("test", prepared.prediction_time) & (prepared.prediction_time < end)
    judged &= ~np.isnan(prepared.outcome)
    scored = score(model, adapted(model, prepared), judged)
    part = prepared.part(judged)
    rows = part.rows(model.beds_or_raise)
    baseline = model.baseline_quantiles(rows)
    fresh = _fresh_baseline(prepared, part, begin)
    said = f"{conditions()}; DIVI, judged {year}-08-22 to {year + 1}-08-22, mean of 16 states"
    pit, out = randomised_pit(scored), []
    for horizon, goal in GAINS.items():
        mine = scored.horizon_hours == horizon
        name = f"{horizon / DAY * HOUR:g} d" + ("" if targets else f", origin {year}")
        baselines = {n: _mae(scored, scored.baselines[n], mine) for n in BED_BASELINES}
        baselines["usual_change, learned up to the judged days"] = _mae(scored, fresh, mine)
        ours = _mae(scored, scored.p50, mine)
        out.append(Figure(f"MAE, {name}, Vigie", "beds", None, ours, None, said))
        out += [Figure(f"MAE, {name}, {n}", "beds", None, v, None, said) for n, v in baselines.items()]
        for words, best in (
            ("all baselines", min(baselines.values())),
            ("its own baselines", _own(baselines)),
        ):
            gain = 100 * (1 - ours / best)
            aimed = targets and words == "all baselines"
            out.append(
                Figure(
                    f"gain over the best of {words}, {name}",
                    "%",
                    f"at least {goal}" if aimed else None,
                    gain,
                    gain >= goal if aimed else None,
                    said,
                )
            )
        low, high = TAILS[horizon]
        for side, tail in (("below p10", pit < 0.1), ("above p90", pit > 0.9)):
            share = 100 * float(tail[mine].mean())
            out.append(
                Figure(
                    f"{side}, {name}",
                    "%",
                    f"{low} to {high}" if targets else None,
                    share,
                    low <= share <= high if targets else None,
                    said,
                )
            )
        ours, theirs = (_crps(scored, q, mine) for q in (scored.quantiles, baseline))
        out.append(Figure(f"CRPS, {name}, Vigie", "beds", None, ours, None, said))
        chosen = model.beds_or_raise.best[list(GAINS).index(horizon)]
        out.append(Figure(f"CRPS, {name}, {chosen} with its own intervals", "beds", None, theirs, None, said))
    return out + _country(model, scored, year, said.replace("mean of 16 states", "the 16 states together"))


def _country(model: ForecastModel, states: Scored, year: int, said: str) -> list[Figure]:
    """All states together: the forecast of the total, beside the baselines' sums and the states' intervals added."""
    hospital_total = score_hospital_total(model.hospital_total, states)
    if hospital_total is None:
        raise TypeError("the package has no forecast of the total")
    of, _ = same_time_and_horizon(states.prediction_time, states.horizon_hours)
    added = np.stack(
        [np.bincount(of, weights=states.quantiles[:, LEVELS.index(p)]) for p in (0.1, 0.9)], axis=1
    )
    pit, out = randomised_pit(hospital_total), []
    for horizon in GAINS:
        mine = hospital_total.horizon_hours == horizon
        outcome = hospital_total.outcome[mine]
        ours = float(np.abs(outcome - hospital_total.p50[mine]).mean())
        baseline = min(float(np.abs(outcome - v[mine]).mean()) for v in hospital_total.baselines.values())
        inside = (outcome >= added[mine, 0]) & (outcome <= added[mine, 1])
        name = f"all states, {horizon / DAY * HOUR:g} d, origin {year}"
        for words, unit, value in (
            (f"MAE, {name}, Vigie", "beds", ours),
            (f"MAE, {name}, best of its own baselines, added", "beds", baseline),
            (f"below p10, {name}", "%", 100 * float((pit[mine] < 0.1).mean())),
            (f"above p90, {name}", "%", 100 * float((pit[mine] > 0.9).mean())),
            (f"within the states' p10 to p90 added, {name}", "%", 100 * float(inside.mean())),
        ):
            out.append(Figure(words, unit, None, value, None, said))
    return out


def _own(baselines: dict[str, float]) -> float:
    return min(baselines[n] for n in BED_BASELINES)


def _fresh_baseline(prepared: PreparedBeds, part: PreparedBeds, begin: int) -> Array:
    """Last value plus the median change for that weekday over the year before the judged days (float64 [n]).

    The package's own baseline ends where training ends, half a year earlier at most: this one is harder to beat.
    """
    known = (prepared.prediction_time >= begin - 365 * DAY) & (prepared.target_time < begin)
    year = prepared.part(known)
    cells = []
    for of in (year, part):
        query = of.samples.query
        day = weekday(local_day(query.prediction_time, prepared.events.zone))
        cells.append((query.unit * 7 + day) * 1000 + query.horizon_hours.astype(np.int64))
    change = year.outcome - year.samples.now
    found, place = np.unique(cells[0], return_inverse=True)
    usual = np.array([np.nanmedian(change[place == i]) for i in range(found.size)])
    return np.asarray(part.samples.now + usual[np.searchsorted(found, cells[1])])


def _mae(scored: Scored, forecast: Array, mine: Array) -> float:
    return _mean_of_states(scored, np.abs(scored.outcome - forecast), mine)


def _crps(scored: Scored, quantiles: Array, mine: Array) -> float:
    """Twice the mean pinball loss over the levels: the continuous ranked probability score, as 19 quantiles tell it."""
    over = scored.outcome[:, None] - quantiles
    levels = np.array(LEVELS)
    loss = np.maximum(levels * over, (levels - 1) * over).mean(axis=1)
    return _mean_of_states(scored, 2 * loss, mine)


def _mean_of_states(scored: Scored, loss: Array, mine: Array) -> float:
    states = sorted(set(scored.unit_group))
    return float(np.mean([loss[mine & (scored.unit_group == s)].mean() for s in states]))


def nhamcs(folder: Path) -> list[Figure]:
    """Visit columns only, which know nothing; and with the hospital's own recent waits."""
    survey, policy, out = read_survey(folder), default_policy(), []
    said = f"{conditions()}; NHAMCS, later half of each hospital's visits, trained 2016-2018, tested 2019"
    for recent in (False, True):
        evidence = evidence_of(survey, recent_waits=recent)
        test = evidence.test
        name = "with the hospital's recent waits" if recent else "visit columns only"
        mae = float(np.abs(test.p50 - test.outcome).mean())
        tail = pinball(test.quantiles[:, P90], test.outcome, 0.9)
        verdict = judge_accuracy(evidence, policy, choose_scope(evidence.validation, policy)).verdict
        out.append(_figure(f"MAE, {name}", "min", 27.8 if recent else None, mae, said))
        out.append(_figure(f"pinball loss at 0.9, {name}", "min", 11.6 if recent else None, tail, said))
        for baseline, values in test.baselines.items():
            error = float(np.abs(values - test.outcome).mean())
            out.append(Figure(f"MAE, {name}, {baseline}", "min", None, error, None, said))
        if recent:
            out.append(_over_the_median(test, said))
        blocked = verdict is Verdict.BLOCK
        out.append(
            Figure(
                f"accuracy blocks, {name}",
                "1 yes, 0 no",
                None if recent else "1",
                float(blocked),
                None if recent else blocked,
                said,
            )
        )
    return [*out, *_other_halves(folder)]


def _other_halves(folder: Path) -> list[Figure]:
    """The same with other halves told, drawn: how much of a figure is the half that it was measured on."""
    said = (
        f"{conditions()}; NHAMCS, halves of each hospital's visits drawn by seeds {HALVES[0]} to {HALVES[-1]}"
    )
    gains: list[float] = []
    found: dict[str, list[float]] = {
        "Vigie": [],
        "recent_median": [],
        "constant": [],
        "pinball loss at 0.9": [],
    }
    for seed in HALVES:
        test = evidence_of(read_survey(folder, seed), recent_waits=True).test
        for name, forecast in {"Vigie": test.p50, **test.baselines}.items():
            found[name].append(float(np.abs(forecast - test.outcome).mean()))
        found["pinball loss at 0.9"].append(pinball(test.quantiles[:, P90], test.outcome, 0.9))
        gain = _over_the_median(test, said).measured
        assert gain is not None
        gains.append(gain)
    name = f"{len(HALVES)} drawn halves, gain over the hospital's own median"
    return [
        Figure(f"{name}: {words}", "%", None, of(gains), None, said)
        for words, of in (("least", min), ("mean", lambda v: float(np.mean(v))), ("most", max))
    ] + [
        Figure(f"{len(HALVES)} drawn halves, {name}: {words}", "min", None, of(values), None, said)
        for name, values in found.items()
        for words, of in (("least", min), ("mean", lambda v: float(np.mean(v))), ("most", max))
    ]


def _over_the_median(test: Scored, said: str) -> Figure:
    ours, baseline = (
        float(np.abs(v - test.outcome).mean()) for v in (test.p50, test.baselines["recent_median"])
    )
    gain = 100 * (1 - ours / baseline)
    name = "gain over the hospital's own median, with the hospital's recent waits"
    return Figure(name, "%", None, gain, None, said)


def _figure(name: str, unit: str, most: float | None, measured: float, said: str) -> Figure:
    target = None if most is None else f"at most {most}"
    return Figure(name, unit, target, measured, None if most is None else round(measured, 1) <= most, said)


if __name__ == "__main__":
    sys.exit(main())
