"""Later days than a version was registered on: which of their rows can be judged, and the series that lead to them."""

from dataclasses import fields, replace

import numpy as np

from hospital.arrays import Array
from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import moment
from registry.errors import CandidateError
from registry.evidence.records import DailyInput, Scored
from registry.facts.daily_series import InputRows, error_series, input_series, outcome_series
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import prepare, score

__all__ = ["daily_series", "held_back_errors", "later"]

Prepared = PreparedBeds | PreparedWaits


def later(model: ForecastModel, recent: HospitalTables, registered: Split) -> tuple[Prepared, Split]:
    """Rows of later tables, and the registered split with a test set that begins where its own ends.

    The tables may reach back: what lies before is what features look back on, and is not judged.

    Raises:
        CandidateError: no row lies after the days that the version was registered on.
    """
    prepared = prepare(model, recent)
    start = registered.spans["test"][1]
    known = ~np.isnan(prepared.outcome) & (prepared.prediction_time >= start)
    if not known.any():
        raise CandidateError("registry.check.no_recent_row", day=moment(start).date())
    end = int(prepared.prediction_time[known].max()) + 1
    return prepared, replace(registered, spans={**registered.spans, "test": (start, end)})


def daily_series(
    model: ForecastModel,
    sealed: Prepared,
    earlier: Prepared,
    prepared: Prepared,
    split: Split,
    test: Scored,
    epidemic_months: tuple[int, ...],
    before_test: Scored | None = None,
) -> tuple[DailyInput, ...]:
    """What the drift gate judges: inputs of all days, and errors from the calibration set on.

    Errors before the registered test set are those of the model that was not fitted to the validation set.

    Args:
        sealed: rows of the snapshot, of which the days before the test set are taken.
        earlier: of them those before the registered test set, as that model has them.
        prepared: rows of the test set; the same where the snapshot itself is judged.
        test: these rows, scored.
        before_test: `earlier` from the calibration set on, scored by that model; None: it is scored here.
    """
    place, test_start = prepared.events.place, split.spans["test"][0]
    before = sealed.prediction_time < test_start
    now = split.members("test", prepared.prediction_time)
    rows = InputRows(
        np.concatenate([sealed.prediction_time[before], prepared.prediction_time[now]]),
        np.concatenate([sealed.X[before], prepared.X[now]]),
        prepared.features,
        isinstance(prepared, PreparedWaits),
    )
    waits: tuple[DailyInput, ...] = ()
    if isinstance(sealed, PreparedWaits) and isinstance(prepared, PreparedWaits):
        wait, weight = (
            np.concatenate([getattr(sealed, name)[before], getattr(prepared, name)[now]])
            for name in ("outcome", "weight")
        )
        waits = (outcome_series(rows.prediction_time, wait, weight, test_start, place, epidemic_months),)
    errors = before_test or held_back_errors(model, earlier, split)
    between = before & (sealed.prediction_time > earlier.prediction_time.max())
    if between.any():  # later days are judged: those of the registered test set lie before them
        errors = _joined(errors, score(model, sealed, between))
    errors = _joined(errors, test)
    return (
        *input_series(rows, test_start, place, epidemic_months),
        *waits,
        *error_series(errors, test_start, place, epidemic_months),
    )


def held_back_errors(model: ForecastModel, earlier: Prepared, split: Split) -> Scored:
    """Rows before the test set from the calibration set on, by the model that was not fitted to the validation set."""
    return score(model.held_back, earlier, earlier.prediction_time >= split.spans["calibration"][0])


def _joined(first: Scored, second: Scored) -> Scored:
    """Rows of both, without their audit attributes, which errors by day do not need."""

    def both(name: str) -> Array:
        return np.concatenate([getattr(first, name), getattr(second, name)])

    arrays = {f.name: both(f.name) for f in fields(Scored) if f.name not in ("baselines", "audit", "counts")}
    baselines = {
        name: np.concatenate([values, second.baselines[name]]) for name, values in first.baselines.items()
    }
    return Scored(**arrays, baselines=baselines, audit={}, counts=first.counts)
