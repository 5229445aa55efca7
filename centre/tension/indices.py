"""Indices of crowding as they were published, from what is known now; what lacks an input says which, and is no number.

NEDOCS: Weiss et al. 2004. EDWIN: Bernstein et al. 2003. Calculators on the web swap their terms; the formulas here are
those of docs/command-centre.md.
"""

from collections.abc import Callable, Mapping

from centre.flows.answers import FlowsAnswer
from centre.flows.emergency import present_visits
from centre.flows.staffing import staffed_at
from centre.tension.answers import CrowdingIndex
from centre.tension.bjml import BJML_FORMULA
from centre.tension.fedoru import FEDORU, fedoru_inputs, ratio
from serving.interface.live_record import DAY, HOUR, LiveRecord

__all__ = ["crowding_indices", "edwin", "nedocs"]

_URGENCY = {"1": 5, "2": 4, "3": 3, "3A": 3, "3B": 3, "4": 2, "5": 1}
"""EDWIN's weights: the triage scale reversed, 5 the sickest."""
_NEDOCS_BANDS = (
    (20, "not_busy"),
    (60, "busy"),
    (100, "extremely_busy"),
    (140, "overcrowded"),
    (180, "severe"),
)
_FORMULAS = {
    "NEDOCS": (
        "-20 + 85.8 * patients / places + 600 * boarders / hospital_beds + 13.4 * critical"
        " + 0.93 * longest_boarding_hours + 5.64 * last_wait_hours"
    ),
    "EDWIN": "urgency / (doctors * (places - boarders))",
    "BJML": BJML_FORMULA,
    **FEDORU,
}


def nedocs(
    *,
    patients: float,
    places: float,
    boarders: float,
    hospital_beds: float,
    critical: float,
    longest_boarding_hours: float,
    last_wait_hours: float,
) -> tuple[float, str]:
    """The National Emergency Department Overcrowding Scale and its band.

    Args:
        last_wait_hours: from the arrival of the patient who was seen last to when that was.

    Raises:
        ValueError: there is no place or no bed.
    """
    if places <= 0 or hospital_beds <= 0:
        raise ValueError("no_places" if places <= 0 else "no_hospital_beds")
    value = -20 + 85.8 * patients / places + 600 * boarders / hospital_beds + 13.4 * critical
    value += 0.93 * longest_boarding_hours + 5.64 * last_wait_hours
    return value, next((band for limit, band in _NEDOCS_BANDS if value <= limit), "disaster")


def edwin(*, urgency: float, doctors: float, places: float, boarders: float) -> tuple[float, str]:
    """The Emergency Department Work Index and its band.

    Args:
        urgency: the sum over patients of the reversed triage level, 5 the sickest.

    Raises:
        ValueError: boarders fill every place, or there is no doctor.
    """
    if places <= boarders:
        raise ValueError("boarders_fill_every_place")
    if doctors <= 0:
        raise ValueError("no_doctors")
    value = urgency / (doctors * (places - boarders))
    return value, "manageable" if value < 1.5 else "busy" if value <= 2 else "crowded"


def crowding_indices(
    record: LiveRecord, flows: FlowsAnswer, medicine_surgery: frozenset[str] = frozenset()
) -> tuple[CrowdingIndex, ...]:
    """The indices of all emergency departments together at the record's instant.

    Args:
        flows: read off the record.
        medicine_surgery: the unit groups that are medicine or surgery; empty: the hospital does not say which.
    """
    emergency, beds = flows.emergency.total, flows.beds.total
    shared = {"places": emergency.places, "boarders": emergency.boarding}
    for_nedocs = {
        "patients": emergency.present,
        **shared,
        "hospital_beds": beds.staffed,
        "critical": emergency.critical,
        "longest_boarding_hours": emergency.longest_boarding_hours,
        "last_wait_hours": _last_wait_hours(record),
    }
    for_edwin = {"urgency": _urgency(record), "doctors": _doctors(record), **shared}
    for_fedoru = fedoru_inputs(record, flows.beds, medicine_surgery)
    return (
        _index("NEDOCS", nedocs, for_nedocs),
        _index("EDWIN", edwin, for_edwin),
        _index(
            "BJML", _unbanded, {"hospitalisations_by_day": None, "past_years": None}
        ),  # a live record is days
        *(_index(name, _FEDORU[name], inputs) for name, inputs in for_fedoru.items()),
    )


def _unbanded(**inputs: float) -> tuple[float, None]:
    (value,) = inputs.values()
    return value, None


def _free(*, medicine_surgery_staffed: float, medicine_surgery_occupied: float) -> tuple[float, None]:
    return medicine_surgery_staffed - medicine_surgery_occupied, None


def _ratio(**inputs: float) -> tuple[float, None]:
    return ratio(*inputs.values()), None


_FEDORU: Mapping[str, Callable[..., tuple[float, None]]] = {
    **dict.fromkeys(FEDORU, _unbanded),
    "free_medicine_surgery_beds": _free,
    "mean_stay_of_admitted": _ratio,
    "admission_rate": _ratio,
}
"""None has bands: cut-offs are the hospital's."""


def _index(
    name: str, compute: Callable[..., tuple[float, str | None]], inputs: Mapping[str, float | None]
) -> CrowdingIndex:
    missing = tuple(n for n, v in inputs.items() if v is None)
    value, band, undefined = None, None, None
    if not missing:
        try:
            value, band = compute(**inputs)
        except ValueError as error:
            undefined = str(error)
    return CrowdingIndex(
        name=name,
        value=value,
        band=band,
        formula=_FORMULAS[name],
        inputs=dict(inputs),
        missing=missing,
        undefined=undefined,
    )


def _last_wait_hours(record: LiveRecord) -> float | None:
    """How long the patient waited who was seen last."""
    seen = [v for v in record.tables["visits"] if v.get("seen_at") is not None and v["seen_at"] <= record.at]
    last = max(seen, key=lambda v: int(v["seen_at"]), default=None)
    return None if last is None else (int(last["seen_at"]) - int(last["arrived_at"])) / HOUR


def _urgency(record: LiveRecord) -> float | None:
    """Of those present who were triaged: who was not yet has no category."""
    present = present_visits(record)
    if present is None or not record.gives("visits", "triage"):
        return None
    return float(sum(_URGENCY.get(str(v.get("triage")), 0) for v in present))


def _doctors(record: LiveRecord) -> float | None:
    """Doctors on duty in the departments that visits name; without names, in whatever is no ward."""
    wards = {str(row["unit"]) for table in ("units", "stays", "census") for row in record.tables[table]}
    names = {str(v["department"]) for v in record.tables["visits"] if v.get("department") is not None}
    on_duty = staffed_at(record, "doctor", lasts=DAY)
    counts = {u: n for u, n in on_duty.items() if (u in names if names else u not in wards)}
    return sum(counts.values()) if counts and names <= set(counts) else None
