"""Refits for the explanation gate: would the same history, had it gone a little otherwise, have given the same reasons?

``python -m training.refits.refit_process FOLDER``: reads ``request.json`` in the folder, writes ``refits.npz`` there,
and a line of JSON on standard output for each share done. A check runs it in a process of its own
(`registry.facts.refit_cache`).

Each refit learns from a bootstrap sample of whole weeks of the fitted parts (blocks, as days depend on one another:
Künsch 1989, doi 10.1214/aos/1176347265), with the package's own configuration, but for fewer rows and fewer, larger
steps: 20 refits of all would take as long as 20 trainings. That moves reasons a little more than chance alone does.
"""

import io
import json
import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from explain import TreeEngine
from hospital.arrays import Array
from hospital.dataset.baselines import BedBaselines, week_slot
from hospital.dataset.splits import Split
from hospital.times import DAY
from registry.candidates.candidates import candidate
from registry.candidates.snapshots import open_snapshot
from registry.components.linear_step import Median
from registry.digests import write_atomically
from registry.model.dataset import PreparedBeds, PreparedWaits, fitted_until
from registry.model.feature_groups import group_sums, spread_rows
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.scoring import prepare
from registry.settings import Settings
from registry.trust.service_keys import accepted_keys
from training.packages.xgboost_loading import load_alone

if __name__ == "__main__":
    load_alone()

from training.horizon_trees import fit_bed_median, horizon_column
from training.monotone import WAIT_SIGNS, signs_of
from training.packages.lessons import bed_lesson
from training.refits.proxies import proxies
from training.trees import Hyperparameters, TreeOptions, fit_median

__all__ = ["main", "refitted"]

Prepared = PreparedBeds | PreparedWaits
_WEEK = 7 * DAY


def refitted(
    model: ForecastModel,
    fitted: Prepared,
    explained: Prepared,
    *,
    refits: int,
    rows: int,
    rounds: int,
    seed: int,
    progress: Callable[[float], None],
) -> Array:
    """Contributions of the explained rows by each refit: float64 [refits, rows, groups], beds or minutes.

    Args:
        fitted: the rows that the package's median was fitted to.
        rows: of them, at most, in a refit's sample.
        rounds: trees of a refit at most, each counting for as much more.
    """
    usable = fitted.part((fitted.weight > 0) & ~np.isnan(fitted.outcome))
    samples = [_bootstrap(usable, rows, np.random.default_rng((seed, k))) for k in range(refits)]
    hyperparameters = _cheaper(model, rounds)
    out: list[Array] = []
    with ThreadPoolExecutor(_threads()) as pool:
        for found in pool.map(partial(_one, model, explained, hyperparameters), samples, range(refits)):
            out.append(found)
            progress(len(out) / refits)
    return np.stack(out)


def _threads() -> int:
    return min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _bootstrap(fitted: Prepared, rows: int, rng: np.random.Generator) -> Prepared:
    """As many weeks as there are, drawn with replacement, thinned to so many rows; in the order of time."""
    weeks, of = np.unique(fitted.prediction_time // _WEEK, return_inverse=True)
    starts = np.searchsorted(of, np.arange(weeks.size + 1))
    drawn = rng.integers(0, weeks.size, weeks.size)
    chosen = np.concatenate([np.arange(starts[w], starts[w + 1]) for w in np.sort(drawn)])
    thinned = np.sort(rng.choice(chosen.size, min(rows, chosen.size), replace=False))
    return fitted.part(chosen[thinned])


def _cheaper(model: ForecastModel, rounds: int) -> Hyperparameters:
    """The package's hyperparameters with at most so many trees, each counting for as much more."""
    configuration: Mapping[str, Any] = model.manifest.configuration
    names = {f"median_{name}": name for name in Hyperparameters.__dataclass_fields__}
    own = Hyperparameters(**{names[key]: value for key, value in configuration.items() if key in names})
    fewer = min(rounds, own.rounds)
    return replace(own, rounds=fewer, step=min(own.step * own.rounds / fewer, 0.3))


def _one(
    model: ForecastModel, explained: Prepared, hyperparameters: Hyperparameters, sample: Prepared, number: int
) -> Array:
    options = TreeOptions(seed=number, threads=1, progress=lambda: None, hyperparameters=hyperparameters)
    if isinstance(sample, PreparedBeds) and isinstance(explained, PreparedBeds):
        baselines = model.beds_or_raise
        # The served baselines: a sample of weeks is too thin to learn a usual week from.
        linear, _, _, y, weight = bed_lesson(sample, baselines, _usual(sample, baselines))
        trees = fit_bed_median(sample.X, y, weight, column=horizon_column(sample.features), **options)
        rows: Rows = explained.rows(baselines)
    elif isinstance(sample, PreparedWaits) and isinstance(explained, PreparedWaits):
        waits = model.waits_or_raise
        y = sample.outcome / sample.rows(waits).scale
        signs = signs_of(sample.features, WAIT_SIGNS)
        linear, trees = None, fit_median(sample.X, y, sample.weight, signs=signs, **options)
        rows = explained.rows(waits)
    else:
        raise TypeError("The rows to fit and to explain are not of one model.")
    median = Median(TreeEngine.load(trees), linear, sample.features)
    values, _ = median.reasons(rows.X, rows.calibration, rows.scale)
    return group_sums(sample.features, rows, values)


def _usual(sample: PreparedBeds, baselines: BedBaselines) -> Array:
    slot = week_slot(sample.prediction_time, sample.events.zone, sample.events.cadence_hours)
    horizon = baselines.horizon_index(sample.samples.query.horizon_hours)
    return np.asarray(baselines.usual_change[sample.units_of(baselines), horizon, slot])


def main(folder: Path) -> int:
    """Serves the request in the folder."""
    request = json.loads((folder / "request.json").read_bytes())
    settings = Settings(home=Path(request["home"]))
    found = candidate(settings.candidates, request["model"], request["version"])
    body, model = found.registration["body"], ForecastModel(found.package)
    tables = open_snapshot(
        settings.snapshots, body["data_digest"], body["seal_digest"], accepted_keys(settings)
    )
    prepared = prepare(model, tables)
    split = Split.from_json(model.manifest.split)
    mine = fitted_until(prepared, split, model.fitted_part) & (
        prepared.prediction_time >= split.spans["train"][0]
    )
    judged = prepared.part(split.members("test", prepared.prediction_time))

    def report(done: float) -> None:
        print(json.dumps({"done": done}), flush=True)

    arrays = {
        "contributions": refitted(
            model,
            prepared.part(mine),
            judged.part(spread_rows(judged.prediction_time.size, request["explained"])),
            refits=request["refits"],
            rows=request["rows"],
            rounds=request["rounds"],
            seed=model.manifest.seed,
            progress=report,
        )
    }
    if isinstance(judged, PreparedWaits):
        part = judged.part(spread_rows(judged.prediction_time.size, request["proxy_rows"]))
        arrays |= proxies(model, part, request["attributes"], request["least_group"])
    _write(folder / "refits.npz", arrays)
    return 0


def _write(path: Path, arrays: Mapping[str, Array]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **dict(arrays))
    write_atomically(path, buffer.getvalue())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
