"""Samples, features and baselines of a model on a hospital's tables: what training fits and a check recomputes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_hour
from hospital.dataset.baselines import BedBaselines, WaitBaselines
from hospital.dataset.quantiles import LEVELS
from hospital.dataset.samples import (
    WARM_UP_DAYS,
    BedSamples,
    WaitSamples,
    bed_samples,
    bed_times,
    compute_wait,
    wait_samples,
)
from hospital.dataset.splits import Kind, Split, split_history
from hospital.errors import HistoryError
from hospital.features.beds import bed_features_of
from hospital.features.feature import Feature, with_levels
from hospital.features.wait import wait_features_of
from hospital.grouping import rows_of_groups
from hospital.record.censoring import censoring_weights
from hospital.record.events import Events
from hospital.times import DAY, HOUR, moment
from hospital.words.messages import message
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.forecast_rows import with_widths
from registry.model.model_rows import bed_baselines, bed_rows, wait_baselines, wait_rows

__all__ = [
    "PreparedBeds",
    "PreparedWaits",
    "fitted_until",
    "forecast",
    "history_days",
    "prepare_beds",
    "prepare_waits",
    "split_of",
]

_WAIT_GAP = DAY  # the longest waits end within a day
_LEAST_PART_DAYS = 10


@dataclass(frozen=True)
class PreparedWaits:
    """Wait-time samples with features.

    Attributes:
        X: float32 [n, features].
        outcome: float64 [n] minutes, NaN where censored.
        weight: float64 [n], inverse probability of censoring; 0 where censored.
    """

    events: Events
    features: tuple[Feature, ...]
    samples: WaitSamples
    X: Array
    outcome: Array
    weight: Array

    @property
    def prediction_time(self) -> Array:
        """Instants, int64 [n]."""
        return self.samples.query.prediction_time

    @property
    def target_time(self) -> Array:
        """Instants of the outcome, int64 [n]: when the wait ended, or was last known to go on."""
        return self.samples.query.arrived_at + (self.samples.waited_minutes * 60e6).astype(np.int64)

    def hours(self) -> Array:
        """Local hour of each prediction time: float64 [n]."""
        return local_hour(self.prediction_time, self.events.zone)

    def part(self, mask: Array) -> "PreparedWaits":
        """Those of which `mask` (bool [n]) is true; their weights come from themselves alone: no part knows another."""
        s = self.samples.part(mask)
        return PreparedWaits(self.events, self.features, s, self.X[mask], self.outcome[mask], _weights(s))

    def rows(self, baselines: WaitBaselines) -> Rows:
        """Rows of a model with these baselines."""
        return wait_rows(baselines, self.X, self.samples.query, self.features, self.events.place)

    def baselines(self, baselines: WaitBaselines) -> dict[str, Array]:
        """Every baseline's forecast: minutes, float64 [n]."""
        names = [f.name for f in self.features]
        return wait_baselines(baselines, self.X, self.samples.query, names, self.events.zone)


def prepare_waits(events: Events, audit: Sequence[str], features: Sequence[Feature] | None) -> PreparedWaits:
    """Every visit with its features.

    Args:
        features: a package's, None: those that the tables can give, with the levels of the earlier half.
    """
    samples = wait_samples(events, audit)
    found = (
        tuple(features) if features is not None else with_levels(wait_features_of(events), _levels(samples))
    )
    X = compute_wait(events, samples, found)
    outcome = np.where(samples.censored, np.nan, samples.outcome_minutes)
    return PreparedWaits(events, found, samples, X, outcome, _weights(samples))


def _weights(samples: WaitSamples) -> Array:
    return censoring_weights(samples.waited_minutes, samples.censored, samples.query.columns["triage"])


def _levels(samples: WaitSamples) -> dict[str, tuple[str, ...]]:
    earlier = slice(0, max(samples.query.size // 2, 1))
    return {
        name: tuple(sorted({v for v in samples.query.columns[name][earlier] if v is not None}))
        for name in ("department", "arrival_mode", "reason")
    }


@dataclass(frozen=True)
class PreparedBeds:
    """Bed-demand samples with features; `outcome` float64 [n] beds, NaN where not (yet) known.

    Attributes:
        widths: float64 [n, 4], what a model's and its baseline's distributions are stretched by, with the misses, as
            `registry.model.interval_widths.adapted` has it; None: by nothing.
    """

    events: Events
    features: tuple[Feature, ...]
    samples: BedSamples
    widths: Array | None = None

    @property
    def X(self) -> Array:  # noqa: N802 - the field's name for it
        """Features, float32 [n, features]."""
        return self.samples.X

    @property
    def outcome(self) -> Array:
        """Beds, float64 [n]."""
        return self.samples.outcome_beds

    @property
    def weight(self) -> Array:
        """1 where the outcome is known, else 0: float64 [n]."""
        return (~np.isnan(self.outcome)).astype(np.float64)

    @property
    def prediction_time(self) -> Array:
        """Instants, int64 [n]."""
        return self.samples.query.prediction_time

    @property
    def target_time(self) -> Array:
        """Instants, int64 [n]."""
        return self.samples.query.target_time

    def hours(self) -> Array:
        """Local hour of each prediction time: float64 [n]."""
        return local_hour(self.prediction_time, self.events.zone)

    def part(self, mask: Array) -> "PreparedBeds":
        """Those of which `mask` (bool [n]) is true."""
        widths = None if self.widths is None else self.widths[mask]
        return PreparedBeds(self.events, self.features, self.samples.part(mask), widths)

    def units_of(self, baselines: BedBaselines) -> Array:
        """Position of each row's unit among the baselines' units (int64 [n])."""
        at = {unit: i for i, unit in enumerate(baselines.units)}
        of_unit = np.array([at.get(u.unit, -1) for u in self.events.units], np.int64)
        return of_unit[self.samples.query.unit]

    def rows(self, baselines: BedBaselines) -> Rows:
        """Rows of a model with these baselines."""
        s, e = self.samples, self.events
        rows = bed_rows(
            baselines, s.X, s.query, self.units_of(baselines), s.now, s.last_week, e.place, e.cadence_hours
        )
        if self.widths is None:
            return rows
        return with_widths(rows, self.widths)

    def baselines(self, baselines: BedBaselines) -> dict[str, Array]:
        """Every baseline's forecast: beds, float64 [n]."""
        s, e = self.samples, self.events
        return bed_baselines(
            baselines, s.query, self.units_of(baselines), s.now, s.last_week, e.zone, e.cadence_hours
        )


def prepare_beds(
    events: Events, covariates: Sequence[str], horizons: Sequence[float], features: Sequence[Feature] | None
) -> PreparedBeds:
    """Every unit, horizon and prediction time with its features.

    Args:
        features: a package's, None: those that the tables can give, for all units.
    """
    every = {"unit": tuple(u.unit for u in events.units)}
    found = (
        tuple(features) if features is not None else with_levels(bed_features_of(events, covariates), every)
    )
    samples = bed_samples(events, found, horizons, bed_times(events))
    units = next(f.levels for f in found if f.name == "unit")
    known = np.array([u.unit in set(units) for u in events.units], bool)
    return PreparedBeds(events, found, samples.part(known[samples.query.unit]))


def history_days(part: PreparedBeds, units: int) -> Array:
    """Days from each unit's first patient to the part's end: float64 [units]; 0 where there was none."""
    at, unit = part.prediction_time, _positions(part)
    out = np.zeros(units)
    for u, mine in enumerate(rows_of_groups(np.where(part.samples.now > 0, unit, -1), units)):
        seen = at[mine]
        if seen.size:
            whole = seen.min() - at.min() < DAY  # it was there before the first day that has rows
            out[u] = (at.max() - seen.min()) / DAY + (WARM_UP_DAYS if whole else 0)
    return out


def _positions(part: PreparedBeds) -> Array:
    """Position of each row's unit among the levels of the feature ``unit``: int64 [n]."""
    at = {unit: i for i, unit in enumerate(next(f.levels for f in part.features if f.name == "unit"))}
    return np.array([at.get(u.unit, -1) for u in part.events.units], np.int64)[part.samples.query.unit]


def fitted_until(data: PreparedBeds | PreparedWaits, split: Split, part: str) -> Array:
    """Rows up to the end of a part: an outcome after its end (and its gap) would reveal the next part (bool [n])."""
    end = split.spans[part][1]
    return np.asarray((data.prediction_time < end) & (data.target_time < end + split.gap))


def forecast(model: ForecastModel, rows: Rows) -> Array:
    """Quantiles (float64 [n, levels]) as they would be served: the model's, or the baseline's where the package is only
    that or a unit's history is too short for the model."""
    if not rows.baseline.size:
        return np.empty((0, len(LEVELS)))
    if model.manifest.kind != "model":
        return model.baseline_quantiles(rows)
    by_baseline = model.baseline_only(rows)
    quantiles = model.quantiles(rows)
    return (
        np.where(by_baseline[:, None], model.baseline_quantiles(rows), quantiles)
        if by_baseline.any()
        else quantiles
    )


def split_of(
    prepared: PreparedBeds | PreparedWaits,
    horizons: Sequence[float],
    test_from: int | None,
    kind: Kind = "model",
) -> Split:
    """The parts of a history: made by training, and made again by a check.

    Raises:
        HistoryError: the history is too short for them.
    """
    gap = int(max(horizons) * HOUR) if horizons else _WAIT_GAP
    known = ~np.isnan(prepared.outcome)
    if not known.any():
        raise HistoryError("registry.model.no_outcome")
    at = prepared.prediction_time[known]
    last = int(prepared.target_time[known].max()) - gap if horizons else int(at.max()) + 1
    split = split_history(int(at.min()), last, gap=gap, test_from=test_from, kind=kind)
    _refuse_holes(split, at)
    return split


def _refuse_holes(split: Split, at: Array) -> None:
    """Parts are cut by the calendar: one that lies in a hole of the history has no days to say anything.

    Args:
        at: prediction times (int64 [n]) of rows whose outcome is known.
    """
    empty = []
    for part, (start, end) in split.spans.items():
        days = np.unique(at[(at >= start) & (at < end)] // DAY).size
        if end > start and days < min(_LEAST_PART_DAYS, (end - start) / DAY):
            first, last = moment(start).date(), moment(end).date()
            empty.append(message(f"registry.model.parts.{part}", first=first, last=last, n=int(days)))
    if empty:
        raise HistoryError("registry.model.hole", parts=tuple(empty))
