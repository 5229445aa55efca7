"""What chance decides for each emergency patient: drawn before the run, so that runs can be compared.

With and without an unfair queue, the same patients come with the same problems and the same patience.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hospital.simulator.parameters.hospital_parameters import Parameters
from hospital.simulator.population.patients import ADMITTED, Patients
from hospital.simulator.streams import stream

__all__ = ["Chances", "draw_chances"]


@dataclass(frozen=True)
class Chances:
    """What chance decides for each patient."""

    triage: list[float]
    registration: list[float]
    placement: list[float]
    pull: list[float]
    at_once: list[bool]
    first: list[float]
    second: list[float]
    workup: list[float]
    patience: list[float]
    noticed: list[float]
    leaving: list[float]
    stay_age: list[float]


def draw_chances(parameters: Parameters, patients: Patients, seed: int) -> Chances:
    """Every chance of every patient, one stream a kind."""
    e, n = parameters.emergency, len(patients.triage)

    def uniform(name: str) -> NDArray[np.float64]:
        return stream(seed, f"emergency {name}").random(n)

    def spread(name: str, sigma: float) -> NDArray[np.float64]:
        """Log-normal of mean 1."""
        draws = stream(seed, f"emergency {name}").standard_normal(n)
        return np.asarray(np.exp(sigma * draws - sigma * sigma / 2))

    level = patients.triage
    admitted = patients.outcome == ADMITTED
    doctor = np.array(e.doctor_minutes)[level] * spread("doctor", e.doctor_sigma)
    share = np.clip(e.first_contact_share + 0.15 * (uniform("share") - 0.5), 0.3, 0.9)
    workup = np.array(e.workup_minutes)[level] * np.where(admitted, e.workup_admitted_factor, 1.0)
    child = patients.age_years <= parameters.destinations.child_until_years
    workup *= np.where(child, e.workup_child_factor, 1.0)
    workup = workup * np.exp(e.workup_sigma * stream(seed, "emergency workup").standard_normal(n))
    patience = np.array(e.patience_minutes)[level]
    patience = patience * np.exp(e.patience_sigma * stream(seed, "emergency patience").standard_normal(n))
    stays = (uniform("stays") < e.patient_share) | (patience <= 0) | (patients.arrival_mode != 0)
    at_once = (uniform("at once") < e.taken_at_once_share) & (level > 1)
    return Chances(
        triage=(e.triage_minutes * spread("triage", e.triage_sigma)).tolist(),
        registration=(e.registration_minutes * spread("registration", 0.6)).tolist(),
        placement=(
            e.placement_minutes * np.where(level > 1, 1.0, 0.1) * spread("placement", e.placement_sigma)
        ).tolist(),
        pull=spread("pull", e.pull_sigma).tolist(),
        at_once=at_once.tolist(),
        first=(doctor * share).tolist(),
        second=(doctor * (1 - share)).tolist(),
        workup=workup.tolist(),
        patience=np.where(stays, np.inf, patience).tolist(),
        noticed=(e.noticed_minutes * uniform("noticed")).tolist(),
        leaving=spread("leaving", 0.6).tolist(),
        stay_age=patients.age_years.astype(float).tolist(),
    )
