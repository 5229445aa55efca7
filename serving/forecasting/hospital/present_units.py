"""Which units are in the hospital total: those whose present demand is known, and how many are not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.errors import HistoryError
from hospital.features.bed_query import BedQuery
from hospital.times import DAY
from registry.model.forecast_model import ForecastModel
from registry.model.hospital_total import HospitalTotal
from serving.errors import Problem, RequestFault
from serving.messages.question_records import BedQuestion
from serving.state.live_state import HospitalState
from serving.state.unknown_units import LATELY_DAYS

__all__ = ["PresentUnits", "hospital_total_of", "present_units", "unlearned_units"]


@dataclass(frozen=True)
class PresentUnits:
    """Which units are in the total.

    Attributes:
        names: those whose present demand is known.
        silent: how many were heard of in the last weeks, but not lately enough.
        closed: how many were not.
        unlearned: beds needed in each unit that is in no sum, because the model or the table of units does
            not know it; None: how many is not known.
    """

    names: tuple[str, ...]
    silent: int
    closed: int
    unlearned: Mapping[str, float | None]


def hospital_total_of(model: ForecastModel) -> HospitalTotal:
    """What the model has learned of the hospital total.

    Raises:
        Problem: 422, nothing.
    """
    if model.hospital_total is not None:
        return model.hospital_total
    faults = [RequestFault("hospital", "no_hospital_forecast", "problems.faults.no_hospital_forecast")]
    raise Problem(422, "no_hospital_forecast", "problems.no_hospital_forecast", faults=faults)


def present_units(model: ForecastModel, state: HospitalState, question: BedQuestion) -> PresentUnits:
    """The units whose demand at the question's time is known, and how many are not.

    Raises:
        HistoryError: none is.
    """
    learned = {entry.unit for entry in model.manifest.units}
    units = [u.unit for u in state.events.units]
    said = {
        str(row["unit"]): float(row["occupied"]) + float(row.get("waiting") or 0.0)
        for row in question.observations
    }
    now = _demand(state, model, question.at, [said.get(u, np.nan) for u in units])
    lately = _heard_lately(state, model, question.at, now)
    known = ~np.isnan(now)
    names = tuple(u for u, k in zip(units, known, strict=True) if k and u in learned)
    if not names:
        raise HistoryError("problems.no_demand")
    silent = sum(u in learned and not k and s for u, k, s in zip(units, known, lately, strict=True))
    unlisted = state.unlisted.patients(question.at)
    closed = len(learned) - len(names) - silent - len(learned & set(unlisted))
    return PresentUnits(names, silent, closed, {**unlisted, **_listed_unlearned(learned, units, now, lately)})


def unlearned_units(model: ForecastModel, state: HospitalState, at: int) -> dict[str, float | None]:
    """Beds needed at an instant in each unit that the model or the table of units does not know; None: not known."""
    units = [u.unit for u in state.events.units]
    now = _demand(state, model, at, [np.nan] * len(units))
    lately = _heard_lately(state, model, at, now)
    learned = {entry.unit for entry in model.manifest.units}
    return {**state.unlisted.patients(at), **_listed_unlearned(learned, units, now, lately)}


def _heard_lately(state: HospitalState, model: ForecastModel, at: int, now: Array) -> Array:
    """Which units (bool [units]) were heard of in the weeks before, where the present of any is unknown."""
    lately = np.zeros(now.size, bool)
    if np.isnan(now).any():
        for back in range(1, LATELY_DAYS + 1):
            lately |= ~np.isnan(_demand(state, model, at - back * DAY, [np.nan] * now.size))
    return lately


def _listed_unlearned(
    learned: Collection[str], units: Sequence[str], now: Array, lately: Array
) -> dict[str, float | None]:
    """Beds needed in the listed units that the model does not know; None where only earlier counts are."""
    return {
        unit: None if np.isnan(demand) else demand
        for unit, demand, heard in zip(units, now.tolist(), lately, strict=True)
        if unit not in learned and (demand > 0 or (heard and np.isnan(demand)))
    }


def _demand(state: HospitalState, model: ForecastModel, at: int, said: Sequence[float]) -> Array:
    """Beds needed in every unit at an instant (float64 [units]), NaN unknown; `said`: by the caller."""
    n = len(said)
    query = BedQuery(np.arange(n), np.full(n, at, np.int64), np.zeros(n), np.array(said, np.float64))
    return state.beds(model.features).demand_now(query)
