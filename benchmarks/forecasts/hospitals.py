"""Bed demand of nine simulated hospitals: the units' error and the hospital total's, beside the best baselines.

python -m benchmarks.forecasts.hospitals [--seeds 7,8,9]
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.results import Figure, conditions, publish
from hospital.arrays import Array
from hospital.dataset.baselines import BED_BASELINES
from hospital.dataset.quantiles import LEVELS
from hospital.ingest.hospital_reader import read_hospital
from hospital.simulator import simulate, write
from registry.evidence.records import Scored
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import ForecastModel
from registry.model.hospital.hospital_total_scores import score_hospital_total
from registry.model.hospital_total import same_time_and_horizon
from registry.model.interval_widths import adapted
from registry.model.scoring import score
from training.packages.package_request import Request
from training.train import build_package

SEEDS, DAYS = range(7, 16), 490
_LOW, _HIGH = LEVELS.index(0.1), LEVELS.index(0.9)


@dataclass(frozen=True)
class _Found:
    """One hospital at one horizon: errors in beds, shares of outcomes inside in percent."""

    error: float
    baseline: float
    total_error: float
    total_p50s: float
    baseline_error: float
    inside: float
    added_inside: float
    added_width: float


def hospital(seed: int) -> dict[float, _Found]:
    """Simulates, trains without the ablation table, and judges on the test set: by horizon."""
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as place:
        write(simulate(DAYS, seed=seed), Path(place) / "data")
        tables = read_hospital(Path(place) / "data", None, b"benchmark")
        where = Path(place) / "package"
        built = build_package(Request("bed-demand", ablation=False), tables, where, lambda *_: None)
        model = ForecastModel(where)
    prepared = built.prepared
    if not isinstance(prepared, PreparedBeds):
        raise TypeError("bed demand was asked for")
    judged = built.split.members("test", prepared.prediction_time) & ~np.isnan(prepared.outcome)
    units = score(model, adapted(model, prepared), judged)
    hospital_total = score_hospital_total(model.hospital_total, units)
    if hospital_total is None:
        raise TypeError("the package has no forecast of the total")
    of, _ = same_time_and_horizon(units.prediction_time, units.horizon_hours)
    added = np.stack([np.bincount(of, weights=units.quantiles[:, q]) for q in (_LOW, _HIGH)], axis=1)
    p50s = np.bincount(of, weights=units.p50)
    complete = np.bincount(of) == np.bincount(of).max()  # an outcome of every unit
    return {
        float(h): _Found(
            *_errors(units, units.horizon_hours == h),
            _off(hospital_total, hospital_total.p50, mine := complete & (hospital_total.horizon_hours == h)),
            _off(hospital_total, p50s, mine),
            min(_off(hospital_total, hospital_total.baselines[n], mine) for n in BED_BASELINES),
            _inside(hospital_total, hospital_total.quantiles[:, [_LOW, _HIGH]], mine),
            _inside(hospital_total, added, mine),
            float(
                np.ptp(added[mine], axis=1).mean()
                / np.ptp(hospital_total.quantiles[mine][:, [_LOW, _HIGH]], axis=1).mean()
            ),
        )
        for h in np.unique(units.horizon_hours)
    }


def _errors(units: Scored, mine: Array) -> tuple[float, float]:
    return _off(units, units.p50, mine), min(_off(units, units.baselines[n], mine) for n in BED_BASELINES)


def _off(scored: Scored, forecast: Array, mine: Array) -> float:
    return float(np.abs(scored.outcome - forecast)[mine].mean())


def _inside(scored: Scored, ends: Array, mine: Array) -> float:
    return 100 * float(((scored.outcome >= ends[:, 0]) & (scored.outcome <= ends[:, 1]))[mine].mean())


def main() -> int:
    """Measures and publishes; nothing of it has a target."""
    parser = argparse.ArgumentParser(prog="benchmarks.forecasts.hospitals")
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)))
    seeds = [int(seed) for seed in parser.parse_args().seeds.split(",")]
    found = [hospital(seed) for seed in seeds]
    said = f"{conditions()}; {len(seeds)} simulated hospitals, {DAYS} days, seeds {seeds[0]} to {seeds[-1]}"
    figures = []
    for horizon in found[0]:
        here = [f[horizon] for f in found]
        for name, unit, values in (
            ("units, error", "beds", [f.error for f in here]),
            ("units, error of the best baseline", "beds", [f.baseline for f in here]),
            ("hospital total, error", "beds", [f.total_error for f in here]),
            ("hospital total, error of the p50s' sum", "beds", [f.total_p50s for f in here]),
            ("hospital total, error of the best baseline's sum", "beds", [f.baseline_error for f in here]),
            ("hospital total, inside p10 to p90", "%", [f.inside for f in here]),
            ("hospital total, inside the units' p10 and p90, added", "%", [f.added_inside for f in here]),
            (
                "hospital total, width of the units' p10 to p90, added, beside its own",
                "times",
                [f.added_width for f in here],
            ),
        ):
            for words, of in (("mean", np.mean), ("least", np.min), ("most", np.max)):
                figures.append(
                    Figure(f"{horizon:g} h, {name}: {words}", unit, None, float(of(values)), None, said)
                )
    publish("hospitals", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
