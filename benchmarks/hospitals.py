"""Bed demand of nine simulated hospitals: the units' error and the whole hospital's, beside the best simple rules.

python -m benchmarks.hospitals [--seeds 7,8,9]
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
from registry.model.hospital_total import together
from registry.model.hospital_total_scores import score_whole
from registry.model.scoring import score
from training.train import Request, build_package

SEEDS, DAYS = range(7, 16), 490
_LOW, _HIGH = LEVELS.index(0.1), LEVELS.index(0.9)


@dataclass(frozen=True)
class _Found:
    """One hospital at one horizon: errors in beds, shares of outcomes inside in percent."""

    error: float
    rule: float
    whole_error: float
    whole_p50s: float
    whole_rule: float
    inside: float
    added_inside: float
    added_width: float


def hospital(seed: int) -> dict[float, _Found]:
    """Simulates, trains without the ablation table, and judges on the judge part: by horizon."""
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as place:
        write(simulate(DAYS, seed=seed), Path(place) / "data")
        tables = read_hospital(Path(place) / "data", None, b"benchmark")
        where = Path(place) / "package"
        built = build_package(Request("bed-demand", ablation=False), tables, where, lambda *_: None)
        model = ForecastModel(where)
    prepared = built.prepared
    if not isinstance(prepared, PreparedBeds):
        raise TypeError("bed demand was asked for")
    judged = built.split.members("judge", prepared.prediction_time) & ~np.isnan(prepared.outcome)
    units = score(model, prepared, judged)
    whole = score_whole(model.whole, units)
    if whole is None:
        raise TypeError("the package has no forecast of the whole")
    of, _ = together(units.prediction_time, units.horizon_hours)
    added = np.stack([np.bincount(of, weights=units.quantiles[:, q]) for q in (_LOW, _HIGH)], axis=1)
    p50s = np.bincount(of, weights=units.p50)
    complete = np.bincount(of) == np.bincount(of).max()  # an outcome of every unit
    return {
        float(h): _Found(
            *_errors(units, units.horizon_hours == h),
            _off(whole, whole.p50, mine := complete & (whole.horizon_hours == h)),
            _off(whole, p50s, mine),
            min(_off(whole, whole.baselines[n], mine) for n in BED_BASELINES),
            _inside(whole, whole.quantiles[:, [_LOW, _HIGH]], mine),
            _inside(whole, added, mine),
            float(
                np.ptp(added[mine], axis=1).mean()
                / np.ptp(whole.quantiles[mine][:, [_LOW, _HIGH]], axis=1).mean()
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
    parser = argparse.ArgumentParser(prog="benchmarks.hospitals")
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)))
    seeds = [int(seed) for seed in parser.parse_args().seeds.split(",")]
    found = [hospital(seed) for seed in seeds]
    said = f"{conditions()}; {len(seeds)} simulated hospitals, {DAYS} days, seeds {seeds[0]} to {seeds[-1]}"
    figures = []
    for horizon in found[0]:
        here = [f[horizon] for f in found]
        for name, unit, values in (
            ("units, error", "beds", [f.error for f in here]),
            ("units, error of the best rule", "beds", [f.rule for f in here]),
            ("whole, error", "beds", [f.whole_error for f in here]),
            ("whole, error of the p50s' sum", "beds", [f.whole_p50s for f in here]),
            ("whole, error of the best rule's sum", "beds", [f.whole_rule for f in here]),
            ("whole, inside p10 to p90", "%", [f.inside for f in here]),
            ("whole, inside the units' p10 and p90, added", "%", [f.added_inside for f in here]),
            (
                "whole, width of the units' p10 to p90, added, beside its own",
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
