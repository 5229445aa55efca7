"""Who comes: reason, age, hidden severity, and what a triage nurse sees and writes of it.

All columns are drawn at once for the whole run, one stream a column. The hidden severity drives triage,
arrival mode, vital signs, length of work-up and admission; it is written nowhere.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hospital.simulator.parameters.hospital_parameters import Parameters
from hospital.simulator.parameters.ward_parameters import DestinationParameters
from hospital.simulator.population.arrivals import Arrivals, Epidemics
from hospital.simulator.scenario import AUDIT_VALUES
from hospital.simulator.streams import stream

__all__ = [
    "ADMITTED",
    "ARRIVAL_MODES",
    "DIED",
    "HOME",
    "TRANSFER",
    "Patients",
    "audit_group",
    "case_mix",
    "draw_patients",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

ARRIVAL_MODES = ("walk_in", "ambulance", "smur", "transfer")
_AGE_EDGES = np.array([0, 2, 15, 45, 65, 75, 85, 101])
_CHILD_BANDS = 2
_SCHOOL_BAND = 1
_MOST_CHILDREN = 0.95
HOME, ADMITTED, TRANSFER, DIED = range(4)


@dataclass(frozen=True)
class Patients:
    """Columns over all patients, in order of arrival.

    Attributes:
        reason, triage, arrival_mode: index into the reasons, `TRIAGE_LEVELS`, `ARRIVAL_MODES`.
        severity: hidden, about -3 to 4.
        outcome: HOME, ADMITTED, TRANSFER or DIED, if the patient is seen.
        ward: index of the ward needed if admitted.
        sex, language: index into `AUDIT_VALUES`.
        critical: whether the desk notes a patient in a critical state.
        heart_rate, systolic_mmhg, temperature_celsius, spo2_percent, pain_0_10: NaN where not measured.
    """

    reason: Ints
    age_years: Ints
    severity: Floats
    triage: Ints
    arrival_mode: Ints
    outcome: Ints
    ward: Ints
    sex: Ints
    language: Ints
    critical: Flags
    heart_rate: Floats
    systolic_mmhg: Floats
    temperature_celsius: Floats
    spo2_percent: Floats
    pain_0_10: Floats


def case_mix(parameters: Parameters, epidemics: Epidemics, school_age: Floats) -> Floats:
    """Weight of each reason and age band on each day: float64 [days, reasons, bands]; a usual day sums to 1.

    An epidemic raises some pairs of reason and age, term and holidays move the school-age band (`school_age`, [days]).
    """
    base = np.array([[r.share * a for a in r.ages] for r in parameters.reason])
    respiratory = np.array([r.respiratory for r in parameters.reason])
    wave = np.where(respiratory[:, None], base, 0.0)
    infant = np.zeros_like(base)
    infant[:, 0] = wave[:, 0]
    mix = (
        base
        + wave * (epidemics.respiratory - 1)[:, None, None]
        + infant * (epidemics.infant - 1)[:, None, None]
    )
    mix[:, :, _SCHOOL_BAND] *= school_age[:, None]
    return mix


def draw_patients(parameters: Parameters, arrivals: Arrivals, mix: Floats, seed: int) -> Patients:
    """Draw every column for every arrival; `mix` is that of `case_mix`."""
    n = len(arrivals.minute)
    p = parameters.patients

    def uniform(name: str) -> Floats:
        return stream(seed, f"patient {name}").random(n)

    def normal(name: str) -> Floats:
        return stream(seed, f"patient {name}").standard_normal(n)

    reason, band = _reasons(parameters, arrivals, mix, uniform("reason"))
    low, high = _AGE_EDGES[band], _AGE_EDGES[band + 1]
    age = (low + np.floor(uniform("age") * (high - low))).astype(np.int64)
    adult_age = np.maximum(age - 40, -25) * (age >= 15)
    severity = (
        np.array([r.severity for r in parameters.reason])[reason]
        + p.age_slope * adult_age
        + p.severity_sd * normal("severity")
    )
    seen = severity + p.triage_noise_sd * normal("triage")
    triage = 5 - np.searchsorted(np.array(p.triage_thresholds), seen)
    older = np.maximum(age - 45, 0) / 20
    by_smur = uniform("smur") < _logistic(p.smur_constant + p.smur_severity * severity)
    by_ambulance = uniform("ambulance") < _logistic(
        p.ambulance_constant + p.ambulance_severity * severity + p.ambulance_age * older
    )
    by_transfer = uniform("transfer in") < p.transfer_in_share
    mode = np.select([by_smur, by_transfer, by_ambulance], [2, 3, 1], 0)
    stays = uniform("admission") < _logistic(
        p.admission_constant + p.admission_severity * severity + p.admission_age * older
    )
    how = uniform("outcome")
    died = (how < p.death_share) & (severity > 1)
    outcome = np.where(
        stays, np.where(died, DIED, np.where(how > 1 - p.transfer_share, TRANSFER, ADMITTED)), HOME
    )
    return Patients(
        reason=reason,
        age_years=age,
        severity=severity,
        triage=triage.astype(np.int64),
        arrival_mode=mode.astype(np.int64),
        outcome=outcome.astype(np.int64),
        ward=_wards(
            parameters, reason, age, severity, uniform("ward"), uniform("critical"), uniform("geriatric")
        ),
        sex=(uniform("sex") >= p.women_share).astype(np.int64),
        language=(uniform("language") < p.other_language_share).astype(np.int64),
        critical=severity + p.triage_noise_sd * normal("critical state") > p.critical_severity,
        **_vital_signs(parameters, reason, age, severity, seed),
    )


def audit_group(patients: Patients, attribute: str, value: str) -> Flags:
    """Which patients are of the audit group named."""
    column: Ints = getattr(patients, attribute)
    return np.asarray(column == AUDIT_VALUES[attribute].index(value))


def _logistic(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def _reasons(parameters: Parameters, arrivals: Arrivals, mix: Floats, draw: Floats) -> tuple[Ints, Ints]:
    """Reason and age band together, since an epidemic raises some pairs of them; children come at other hours."""
    tilt = np.array(parameters.arrivals.child_hour_factors)
    reason = np.empty(len(draw), dtype=np.int64)
    band = np.empty(len(draw), dtype=np.int64)
    for day, weights in enumerate(mix):
        chosen = slice(*np.searchsorted(arrivals.day, [day, day + 1]))
        usual = weights[:, :_CHILD_BANDS].sum() / weights.sum()
        children = np.minimum(usual * tilt[arrivals.hour[chosen]], _MOST_CHILDREN)
        u = draw[chosen]
        child = u < children
        young, old = weights[:, :_CHILD_BANDS], weights[:, _CHILD_BANDS:]
        of_young, of_old = _cells(young, u / children), _cells(old, (u - children) / (1 - children))
        reason[chosen] = np.where(child, of_young // young.shape[1], of_old // old.shape[1])
        band[chosen] = np.where(child, of_young % young.shape[1], _CHILD_BANDS + of_old % old.shape[1])
    return reason, band


def _cells(weights: Floats, place: Floats) -> Ints:
    """Flat index of the cell that each place (0 to 1; others are clipped) of the cumulated weights falls into."""
    shares = np.cumsum(weights.ravel())
    return np.asarray(np.minimum(np.searchsorted(shares / shares[-1], place, side="right"), weights.size - 1))


def _wards(
    parameters: Parameters,
    reason: Ints,
    age: Ints,
    severity: Floats,
    draw: Floats,
    critical: Floats,
    old: Floats,
) -> Ints:
    """The ward that each patient would need."""
    d: DestinationParameters = parameters.destinations
    units = [ward.unit for ward in parameters.ward]
    ward = np.zeros(len(reason), dtype=np.int64)
    for i, entry in enumerate(parameters.reason):
        names = list(entry.wards)
        shares = np.cumsum([entry.wards[name] for name in names])
        chosen = reason == i
        picked = np.minimum(np.searchsorted(shares, draw[chosen], side="right"), len(names) - 1)
        ward[chosen] = np.array([units.index(name) for name in names])[picked]
    medical = np.isin(ward, [i for i, w in enumerate(parameters.ward) if w.group == "medicine"])
    geriatric = medical & (age >= d.geriatric_from_years) & (old < d.geriatric_share)
    ward = np.where(geriatric, units.index("GER-A"), ward)
    ward = np.where(age <= d.child_until_years, units.index("PED-A"), ward)
    intensive = (severity > d.critical_severity) & (critical < d.critical_share)
    return np.where(intensive, units.index("REA-A"), ward).astype(np.int64)


def _vital_signs(
    parameters: Parameters, reason: Ints, age: Ints, severity: Floats, seed: int
) -> dict[str, Floats]:
    """Measures at triage, moved by severity; where nobody measured, NaN."""
    p = parameters.patients
    n = len(reason)

    def normal(name: str) -> Floats:
        return stream(seed, f"vital {name}").standard_normal(n)

    def kept(
        name: str, values: Floats, low: float, high: float, missing: float | Floats, digits: int = 0
    ) -> Floats:
        absent = stream(seed, f"missing {name}").random(n) < missing
        return np.where(absent, np.nan, np.round(np.clip(values, low, high), digits))

    feverish = np.array([r.respiratory for r in parameters.reason])[reason]
    breathless = np.array([r.code == "respiratory" for r in parameters.reason])[reason]
    high = np.maximum(severity, 0)
    fever = feverish * np.maximum(0.9 + 0.9 * normal("fever"), 0)
    temperature = 36.8 + fever + 0.35 * normal("temperature")
    resting = np.select([age < 2, age < 15], [128.0, 102.0], 80.0)
    pulse = resting + 8 * (temperature - 37) + 6 * high + 13 * normal("heart_rate")
    pressure = (
        122 + 0.32 * np.clip(age - 40, 0, 45) - 7 * np.maximum(severity - 1.2, 0) + 18 * normal("systolic")
    )
    oxygen = 98.2 - high * (0.5 + 1.6 * breathless) - 0.02 * np.maximum(age - 50, 0) + 1.2 * normal("spo2")
    pain = np.array([r.pain for r in parameters.reason])[reason] + 2.4 * normal("pain")
    child = np.where(age < 15, 0.75, p.missing_systolic)
    return {
        "heart_rate": kept("heart_rate", pulse, 30, 230, p.missing_heart_rate),
        "systolic_mmhg": np.where(
            stream(seed, "missing systolic").random(n) < child, np.nan, np.round(np.clip(pressure, 50, 260))
        ),
        "temperature_celsius": kept("temperature", temperature, 32, 42.5, p.missing_temperature, 1),
        "spo2_percent": kept("spo2", oxygen, 60, 100, p.missing_spo2),
        "pain_0_10": kept(
            "pain", pain, 0, 10, np.asarray(p.missing_pain + 0.25 * (age < 2), dtype=np.float64)
        ),
    }
