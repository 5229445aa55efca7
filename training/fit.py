"""From prepared samples to the files of a package. No clock, no machine, no person: the same in, the same out."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from explain import TreeEngine
from hospital.baselines import (
    BED_BASELINES,
    WAIT_BASELINES,
    BedBaselines,
    WaitBaselines,
    best_of,
    residual_quantiles,
    triage_position,
    usual_changes,
    usual_waits,
    week_slot,
)
from hospital.events import Array
from hospital.features.feature import TRIAGE_RANK, Feature
from hospital.quantiles import LEVELS, weighted_quantiles
from hospital.splits import Split
from hospital.times import DAY, HOUR
from registry.digests import canonical_json
from registry.model import Rows
from registry.prepared import PreparedBeds, PreparedWaits
from training.trees import Trees, fit_trees

__all__ = ["Fitted", "fit_baselines", "fit_beds", "fit_waits"]

_LEAST_CELL = 150
_REFERENCE_ROWS = 4096
_YEAR = 365 * DAY
_LEAST_SCALE_BEDS = 0.5
_TRIAGE_CELLS = len(TRIAGE_RANK) + 1

Prepared = PreparedBeds | PreparedWaits


@dataclass(frozen=True)
class Fitted:
    """What a package holds, by file name."""

    files: dict[str, bytes]


def fit_beds(
    data: PreparedBeds, split: Split, *, seed: int, threads: int, progress: Callable[[], None]
) -> Fitted:
    """Fits the bed-demand model: baselines and trees on the fit part, their distributions on the calibrate part."""
    fit, calibrate = _part(data, split, "fit"), _part(data, split, "calibrate")
    baselines = _bed_baselines(fit, calibrate)
    rows, later = fit.rows(baselines), calibrate.rows(baselines)
    y = (_known(fit.outcome) - _known(rows.anchor)) / rows.scale
    weight = np.where(np.isnan(rows.anchor), 0.0, fit.weight)
    trees = fit_trees(fit.X, y, weight, seed=seed, threads=threads, progress=progress)
    groups = len(baselines.horizons)
    cells = groups * len(baselines.units)
    return _files(trees, fit, calibrate, rows, later, baselines.to_json(), groups, cells)


def fit_waits(
    data: PreparedWaits, split: Split, *, seed: int, threads: int, progress: Callable[[], None]
) -> Fitted:
    """Fits the wait-time model: on waits as multiples of the usual wait of that triage level at that hour."""
    fit, calibrate = _part(data, split, "fit"), _part(data, split, "calibrate")
    baselines = _wait_baselines(fit, calibrate)
    rows, later = fit.rows(baselines), calibrate.rows(baselines)
    y = _known(fit.outcome) / rows.scale
    trees = fit_trees(fit.X, y, fit.weight, seed=seed, threads=threads, progress=progress)
    departments = max(len(_feature(data.features, "department").levels), 1)
    return _files(trees, fit, calibrate, rows, later, baselines.to_json(), _TRIAGE_CELLS, departments)


def fit_baselines(data: Prepared, split: Split) -> Fitted:
    """A package of the simplest rules alone: chosen on the fit part, their distributions from the calibrate part."""
    fit, calibrate = _part(data, split, "fit"), _part(data, split, "calibrate")
    beds = isinstance(data, PreparedBeds)
    found = _bed_baselines(fit, calibrate) if beds else _wait_baselines(fit, calibrate)
    profile = _profile(fit.features, fit.X)
    return Fitted({"baseline.json": canonical_json(found.to_json()), "profile.json": canonical_json(profile)})


def _part(data: Any, split: Split, part: str) -> Any:
    inside = split.members(part, data.prediction_time)
    # An outcome after the part's end (and its gap) would tell of the next part.
    return data.part(inside & (data.target_time < split.spans[part][1] + split.gap))


def _bed_baselines(fit: PreparedBeds, calibrate: PreparedBeds) -> BedBaselines:
    units = _feature(fit.features, "unit").levels
    horizons = tuple(float(h) for h in np.unique(fit.samples.query.horizon_hours))
    slots = 7 if fit.events.cadence_hours >= 24 else 168
    shape = (len(units), len(horizons), slots)
    flat = np.zeros((*shape[:2], len(LEVELS)))
    rules = ("last_value",) * len(horizons)
    empty = BedBaselines(units, horizons, np.zeros(shape), rules, np.ones(shape[:2]), flat)
    best = _best_rules(fit, empty, shape)
    chosen = replace(empty, usual_change=_usual_changes(fit, empty, shape), best=best)
    # Nothing that trees are fitted to, the scale least of all, may know of the days that calibrate them.
    error, cell = _residual(fit, chosen)
    scaled = replace(chosen, scale=_scales(np.abs(error), cell, flat.shape[:2]))
    residual, cell = _residual(calibrate, scaled)
    weight = np.where(np.isnan(residual), 0.0, calibrate.weight)
    residuals = residual_quantiles(
        residual, weight, cell, len(units) * len(horizons), _LEAST_CELL, scaled.scale.ravel()
    )
    return replace(scaled, residuals=residuals.reshape(flat.shape))


def _residual(part: PreparedBeds, baselines: BedBaselines) -> tuple[Array, Array]:
    """(outcome less the chosen baseline, position of unit and horizon) of each row."""
    of = baselines.horizon_index(part.samples.query.horizon_hours)
    residual = part.outcome - baselines.chosen(part.baselines(baselines), of)
    return residual, part.units_of(baselines) * len(baselines.horizons) + of


def _best_rules(fit: PreparedBeds, axes: BedBaselines, shape: tuple[int, int, int]) -> tuple[str, ...]:
    """The best rule of each horizon, asked on the last fifth of the fit part, which its medians have not seen."""
    at = fit.prediction_time
    cut = np.quantile(at, 0.8)
    longest = int(max(axes.horizons) * HOUR)
    earlier, later = fit.part(at < cut - longest), fit.part(at >= cut)
    first = replace(axes, usual_change=_usual_changes(earlier, axes, shape))
    values, of = later.baselines(first), first.horizon_index(later.samples.query.horizon_hours)
    return tuple(
        best_of(
            {n: v[of == h] for n, v in values.items()},
            later.outcome[of == h],
            later.weight[of == h],
            BED_BASELINES,
        )
        for h in range(len(axes.horizons))
    )


def _usual_changes(part: PreparedBeds, axes: BedBaselines, shape: tuple[int, int, int]) -> Array:
    """Median change by unit, horizon and slot of the week over the part's last year: [units, horizons, slots]."""
    recent = part.part(part.prediction_time >= part.prediction_time.max() - _YEAR)
    slot = week_slot(recent.prediction_time, recent.events.zone, recent.events.cadence_hours)
    horizon = axes.horizon_index(recent.samples.query.horizon_hours)
    return usual_changes(recent.units_of(axes), horizon, slot, recent.outcome - recent.samples.now, shape)


def _scales(error: Array, cell: Array, shape: tuple[int, int]) -> Array:
    out = np.full(shape[0] * shape[1], np.nan)
    for c in range(out.size):
        known = error[(cell == c) & ~np.isnan(error)]
        if known.size:
            out[c] = max(float(known.mean()), _LEAST_SCALE_BEDS)
    overall = np.nanmean(out) if not np.isnan(out).all() else 1.0
    return np.where(np.isnan(out), overall, out).reshape(shape)


def _wait_baselines(fit: PreparedWaits, calibrate: PreparedWaits) -> WaitBaselines:
    def triage(part: PreparedWaits) -> Array:
        return triage_position(part.samples.query.columns["triage"])

    usual = usual_waits(triage(fit), fit.hours(), _known(fit.outcome), fit.weight)
    flat = np.zeros((_TRIAGE_CELLS, len(LEVELS)))
    values = calibrate.baselines(WaitBaselines(usual, WAIT_BASELINES[0], flat))
    best = best_of(values, calibrate.outcome, calibrate.weight, WAIT_BASELINES)
    residual = calibrate.outcome - values[best]
    residuals = residual_quantiles(residual, calibrate.weight, triage(calibrate), _TRIAGE_CELLS, _LEAST_CELL)
    return WaitBaselines(usual, best, residuals)


def _files(
    trees: Trees,
    fit: Prepared,
    calibrate: Prepared,
    rows: Rows,
    later: Rows,
    baseline: dict[str, Any],
    groups: int,
    cells: int,
) -> Fitted:
    median, spread = TreeEngine.load(trees.median), TreeEngine.load(trees.spread)
    z = _conformal(median, spread, calibrate, later, groups)
    return Fitted(
        {
            "median.ubj": trees.median,
            "spread.ubj": trees.spread,
            "baseline.json": canonical_json(baseline),
            "calibration.json": canonical_json({"levels": list(LEVELS), "quantiles": z.tolist()}),
            "reference.npz": _reference(median, fit, calibrate, rows, later, cells),
            "profile.json": canonical_json(_profile(fit.features, fit.X)),
        }
    )


def _conformal(
    median: TreeEngine, spread: TreeEngine, calibrate: Prepared, later: Rows, groups: int
) -> Array:
    """Quantiles [groups, levels] of the residual in units of its spread (split conformal, by group)."""
    scaled = (calibrate.outcome - later.anchor) / later.scale
    score = (scaled - median.predict_exactly(calibrate.X)) / np.exp(spread.predict_exactly(calibrate.X))
    weight = np.where(np.isnan(score), 0.0, calibrate.weight)
    out = np.tile(weighted_quantiles(score, weight), (groups, 1))
    for group in range(groups):
        mine = later.calibration == group
        if (weight[mine] > 0).sum() >= _LEAST_CELL:
            out[group] = weighted_quantiles(score[mine], weight[mine])
    return out


def _reference(
    median: TreeEngine, fit: Prepared, calibrate: Prepared, rows: Rows, later: Rows, cells: int
) -> bytes:
    """What is usual: mean contributions and feature values of each cell over the last twelve months of training."""
    newest = calibrate.prediction_time.max()
    recent = fit.prediction_time >= newest - _YEAR
    X = np.concatenate([fit.X[recent], calibrate.X])
    cell = np.concatenate([rows.cell[recent], later.cell])
    # Evenly through the year: a mean needs no more.
    chosen = np.unique(np.linspace(0, len(X) - 1, min(len(X), _REFERENCE_ROWS)).astype(np.int64))
    X, cell = X[chosen], cell[chosen]
    values = median.contributions(X).values
    contributions, means = np.zeros((cells, X.shape[1])), np.zeros((cells, X.shape[1]))
    categories = {j for j, f in enumerate(fit.features) if f.levels}
    for c in range(cells):
        mine = cell == c if (cell == c).any() else np.ones(cell.size, bool)
        contributions[c] = values[mine].mean(axis=0)
        for j in range(X.shape[1]):
            known = X[mine, j][~np.isnan(X[mine, j])].astype(np.float64)
            means[c, j] = np.nan if not known.size else _mode(known) if j in categories else known.mean()
    buffer = io.BytesIO()
    np.savez(buffer, contributions=contributions, values=means)
    return buffer.getvalue()


def _mode(values: Array) -> float:
    unique, counts = np.unique(values, return_counts=True)
    return float(unique[counts.argmax()])


def _profile(features: tuple[Feature, ...], X: Array) -> dict[str, Any]:
    """Training distributions: range, mean and share missing of each feature; None where it is never known."""
    out: dict[str, list[float | None]] = {"minimum": [], "maximum": [], "mean": [], "missing": []}
    for j in range(len(features)):
        known = X[:, j][~np.isnan(X[:, j])].astype(np.float64)
        out["minimum"].append(float(known.min()) if known.size else None)
        out["maximum"].append(float(known.max()) if known.size else None)
        out["mean"].append(float(known.mean()) if known.size else None)
        out["missing"].append(1.0 - known.size / max(len(X), 1))
    return {"features": [f.name for f in features], **out}


def _known(values: Array) -> Array:
    return np.where(np.isnan(values), 0.0, values)


def _feature(features: tuple[Feature, ...], name: str) -> Feature:
    return next(f for f in features if f.name == name)
