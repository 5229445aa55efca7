"""From what happened to the tables of the data contract: only what was known by the end of the span."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hospital.simulator.parameters.emergency_parameters import TRIAGE_LEVELS
from hospital.simulator.parameters.hospital_parameters import Parameters
from hospital.simulator.population.patients import ARRIVAL_MODES, Patients
from hospital.simulator.population.visits import Visit
from hospital.simulator.scenario import AUDIT_VALUES
from hospital.simulator.staffing import Notice
from hospital.simulator.theatre import Operation
from hospital.simulator.ward_beds import Stay

__all__ = ["Span", "build_tables"]


@dataclass(frozen=True)
class Span:
    """What is written.

    Attributes:
        origin: UTC instant of simulated minute 0.
        begin, end: first simulated minute written, and the first one that is not.
    """

    origin: datetime
    begin: float
    end: float

    def past(self, minute: float | None) -> float:
        """The minute if it has happened by the end, else NaN (not yet)."""
        return float("nan") if minute is None or minute >= self.end else minute

    def known(self, minute: float | None, since: float | None) -> float:
        """The minute, past or ahead, if it was said by the end, else NaN."""
        return float("nan") if minute is None or since is None or since >= self.end else minute

    def times(self, minutes: Sequence[float]) -> pd.Series:
        """Simulated minutes as UTC times, to the second; NaN is missing."""
        values = np.asarray(minutes, dtype=np.float64)
        known = np.isfinite(values)
        seconds = np.floor(np.where(known, values, 0.0) * 60).astype(np.int64)
        base = int(self.origin.timestamp())
        stamps = ((seconds + base) * 1_000_000).astype("datetime64[us]")
        stamps[~known] = np.datetime64("NaT")
        return pd.Series(stamps).dt.tz_localize("UTC")


def build_tables(
    span: Span,
    parameters: Parameters,
    visits: list[Visit],
    patients: Patients,
    stays: list[Stay],
    operations: list[Operation],
    notices: list[Notice],
) -> dict[str, pd.DataFrame]:
    """The five tables, sorted by time, by name."""
    visits = sorted(
        visits, key=lambda visit: visit.number
    )  # departments write as patients come, each its own
    kept_visits = [v for v in visits if v.arrived < span.end and (v.left is None or v.left >= span.begin)]
    kept_stays = [s for s in stays if s.entered < span.end and (s.left is None or s.left >= span.begin)]
    return {
        "units": _units(parameters),
        "staffing": _staffing(span, notices),
        "visits": _visits(span, parameters, kept_visits, patients),
        "stays": _stays(span, kept_stays, {v.number for v in kept_visits}),
        "operations": _operations(span, operations),
    }


def visit_id(number: int) -> str:
    """The id of the visit of this number."""
    return f"V{number:07d}"


def _text(values: Sequence[str | None]) -> pd.Series:
    return pd.Series(values, dtype="str")


def _units(parameters: Parameters) -> pd.DataFrame:
    wards = parameters.ward
    return pd.DataFrame(
        {
            "unit": _text([w.unit for w in wards]),
            "label": _text([w.label for w in wards]),
            "group": _text([w.group for w in wards]),
            "site": _text([None] * len(wards)),
            "closure_reason": _text([None] * len(wards)),
        }
    )


def _staffing(span: Span, notices: list[Notice]) -> pd.DataFrame:
    # The block or day that is running at the beginning of the span is part of it.
    kept = [n for n in notices if n.at > span.begin - 1440 and n.known_at < span.end]
    kept.sort(key=lambda n: (n.at, n.unit, n.role, n.known_at))
    return pd.DataFrame(
        {
            "at": span.times([n.at for n in kept]),
            "unit": _text([n.unit for n in kept]),
            "role": _text([n.role for n in kept]),
            "count": np.array([n.count for n in kept], dtype=np.int64),
            "known_at": span.times([n.known_at for n in kept]),
        }
    )


def _visits(span: Span, parameters: Parameters, visits: list[Visit], patients: Patients) -> pd.DataFrame:
    index = np.array([v.number for v in visits], dtype=np.int64)
    units = np.array([w.unit for w in parameters.ward], dtype=object)
    reasons = np.array([r.code for r in parameters.reason], dtype=object)
    triaged = np.array([span.past(v.triaged) for v in visits])
    requested = np.array([span.past(v.bed_requested) for v in visits])
    left = np.array([span.past(v.left) for v in visits])
    at_triage = np.isfinite(triaged)

    def where(known: NDArray[np.bool_], values: NDArray[np.object_]) -> pd.Series:
        return _text([value if known_now else None for value, known_now in zip(values, known, strict=True)])

    table = pd.DataFrame(
        {
            "visit_id": _text([visit_id(v.number) for v in visits]),
            "department": _text([v.department for v in visits]),
            "arrived_at": span.times([v.arrived for v in visits]),
            "triaged_at": span.times(list(triaged)),
            "seen_at": span.times([span.past(v.seen) for v in visits]),
            "bed_requested_at": span.times(list(requested)),
            "left_at": span.times(list(left)),
            "triage": where(at_triage, np.array(TRIAGE_LEVELS, dtype=object)[patients.triage[index]]),
            "arrival_mode": _text(list(np.array(ARRIVAL_MODES, dtype=object)[patients.arrival_mode[index]])),
            "reason": _text(list(reasons[patients.reason[index]])),
            "age_years": patients.age_years[index],
            "disposition": _text(
                [v.disposition if np.isfinite(t) else None for v, t in zip(visits, left, strict=True)]
            ),
            "destination_unit": where(np.isfinite(requested), units[patients.ward[index]]),
            "sex": _text(list(np.array(AUDIT_VALUES["sex"], dtype=object)[patients.sex[index]])),
            "language": _text(
                list(np.array(AUDIT_VALUES["language"], dtype=object)[patients.language[index]])
            ),
        }
    )
    for name in ("heart_rate", "systolic_mmhg", "temperature_celsius", "spo2_percent", "pain_0_10"):
        values = getattr(patients, name)[index]
        table[name] = np.where(at_triage, values, np.nan)
    table["critical"] = where(at_triage, np.where(patients.critical[index], "yes", "no").astype(object))
    return table


def _stays(span: Span, stays: list[Stay], visits: set[int]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stay_id": _text([f"S{s.number:07d}" for s in stays]),
            "visit_id": _text(
                [visit_id(s.visit) if s.visit is not None and s.visit in visits else None for s in stays]
            ),
            "unit": _text([s.unit for s in stays]),
            "entered_at": span.times([s.entered for s in stays]),
            "left_at": span.times([span.past(s.left) for s in stays]),
            "source": _text([s.source for s in stays]),
            "expected_left_at": span.times([span.known(s.expected, s.expected_known) for s in stays]),
            "expected_known_at": span.times([span.past(s.expected_known) for s in stays]),
        }
    )


def _operations(span: Span, operations: list[Operation]) -> pd.DataFrame:
    kept = [o for o in operations if o.planned >= span.begin and o.booked < span.end]
    return pd.DataFrame(
        {
            "operation_id": _text([f"O{o.number:07d}" for o in kept]),
            "unit": _text([o.unit for o in kept]),
            "booked_at": span.times([o.booked for o in kept]),
            "planned_at": span.times([o.planned for o in kept]),
            "minutes": np.array([o.minutes for o in kept], dtype=np.int64),
            "cancelled_at": span.times([span.past(o.cancelled) for o in kept]),
            "started_at": span.times([span.past(o.started) for o in kept]),
            "ended_at": span.times([span.past(o.ended) for o in kept]),
            "urgent": _text(["yes" if o.urgent else "no" for o in kept]),
            "room": _text([o.room for o in kept]),
        }
    )
