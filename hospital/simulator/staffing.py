"""Rotas and staffed beds: what is planned, what the tables say, and what is really there.

A planned doctor or nurse may be absent. Some absences are replaced, some are written in the rota shortly
before the shift, and the rest is written nowhere: the tables then say more staff than there were.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hospital.simulator.parameters.emergency_parameters import DepartmentParameters
from hospital.simulator.parameters.hospital_parameters import AbsenceParameters, Parameters
from hospital.simulator.parameters.ward_parameters import WardParameters
from hospital.simulator.simulated_time import Clock, in_month_days
from hospital.simulator.streams import ar1_lognormal, lognormal, stream

__all__ = ["Block", "Notice", "draw_beds", "draw_rota"]


@dataclass(frozen=True)
class Block:
    """One block of the emergency rota, as it really was.

    Attributes:
        begin: simulated minute.
        doctors: doctors present.
        doctor_pace: minutes of work that one doctor needs for a minute of the parameters (team, scale).
        nurses: share of the planned nurses present.
    """

    begin: float
    doctors: int
    doctor_pace: float
    nurses: float


@dataclass(frozen=True)
class Notice:
    """One row of the staffing table.

    Attributes:
        at: simulated minute from which it holds.
        known_at: simulated minute at which it was written.
    """

    at: float
    unit: str
    role: str
    count: int
    known_at: float


def draw_rota(
    clock: Clock, parameters: Parameters, department: DepartmentParameters, seed: int, scale: float
) -> tuple[list[Block], list[Notice]]:
    """The rota of an emergency department for every block of the run, and what the table says of it.

    Waves of illness are those of the hospital as one; who is ill differs from department to department.
    """
    e, d, unit = parameters.emergency, department, department.department
    weeks = len(clock.days) // 7 + 2
    wave = ar1_lognormal(
        stream(seed, "absence weeks"), parameters.absence.week_sigma, parameters.absence.week_memory, weeks
    )
    teams = lognormal(stream(seed, f"teams {unit}"), 1.0, e.team_sigma, len(clock.days) * len(d.block_hours))
    rng = stream(seed, f"absences {unit}")
    lead = stream(seed, f"rota published {unit}")
    relief = 1 - e.scale_relief * (1 / math.sqrt(scale) - 1) if scale < 1 else 1.0
    blocks: list[Block] = []
    notices: list[Notice] = []
    for day in clock.days:
        doctors, nurses = (
            (d.doctors_weekday, d.nurses_weekday) if day.working else (d.doctors_weekend, d.nurses_weekend)
        )
        risk = parameters.absence.share * float(wave[day.index // 7])
        replaced = parameters.absence.replaced_share
        if day.school_holiday:
            replaced *= parameters.absence.school_holiday_replaced_factor
        published = day.minute(540) - 1440 * (7 + 21 * float(lead.random()))
        notices.append(Notice(day.minute(0), unit, "place", max(2, round(d.boxes * scale)), published))
        for number, hour in enumerate(d.block_hours):
            begin = day.minute(60 * hour)
            present: dict[str, int] = {}
            planned = {"doctor": _sized(doctors[number], scale), "nurse": _sized(nurses[number], scale)}
            for role, count in planned.items():
                notices.append(Notice(begin, unit, role, count, published))
                absent, written, notice = _absences(rng, parameters.absence, count, risk, replaced)
                present[role] = count - absent
                if written:
                    notices.append(Notice(begin, unit, role, count - written, begin - notice))
            pace = float(teams[day.index * len(d.block_hours) + number])
            pace *= planned["doctor"] / (doctors[number] * scale) * relief
            blocks.append(
                Block(begin, max(1, present["doctor"]), pace, max(0.3, present["nurse"] / planned["nurse"]))
            )
    return blocks, notices


def _sized(count: int, scale: float) -> int:
    """A whole number of staff at this scale, at least one."""
    return max(1, round(count * scale))


def _absences(
    rng: np.random.Generator, parameters: AbsenceParameters, count: int, risk: float, replaced_share: float
) -> tuple[int, int, float]:
    """(absent and not replaced, of these written in the rota, minutes before the shift it was written)."""
    ill = int((rng.random(count) < risk).sum())
    replaced = int((rng.random(ill) < replaced_share).sum())
    written = int((rng.random(ill - replaced) < parameters.written_share).sum())
    notice = 60 * parameters.written_hours * float(rng.random())
    return ill - replaced, written, notice


def draw_beds(
    clock: Clock, parameters: Parameters, seed: int, scale: float
) -> tuple[dict[str, NDArray[np.int64]], list[Notice]]:
    """Staffed beds of each ward by day (from 7:00 on), and what the table says of them."""
    b = parameters.beds
    staffed: dict[str, NDArray[np.int64]] = {}
    notices: list[Notice] = []
    for ward in parameters.ward:
        rng = stream(seed, f"beds {ward.unit}")
        lead = stream(seed, f"beds told {ward.unit}")
        beds = np.empty(len(clock.days), dtype=np.int64)
        closed = 0
        for day in clock.days:
            planned = _planned_beds(
                ward, day.working, in_month_days(day.date, b.summer_first, b.summer_last), scale
            )
            persists, starts = rng.random(2)
            if closed and persists >= b.closed_memory:
                closed = 0
            if not closed and starts < b.closed_share * (1 - b.closed_memory):
                closed = max(1, round(b.closed_beds * ward.beds * scale))
            at = day.minute(420)
            notices.append(
                Notice(at, ward.unit, "bed", planned, at - 1440 * (b.notice_days - 7 * lead.random()))
            )
            beds[day.index] = max(1, planned - closed)
            if beds[day.index] != planned:
                notices.append(
                    Notice(at, ward.unit, "bed", int(beds[day.index]), at - 60 * (1 + 15 * lead.random()))
                )
        staffed[ward.unit] = beds
    return staffed, notices


def _planned_beds(ward: WardParameters, working: bool, summer: bool, scale: float) -> int:
    beds = ward.beds * scale
    beds *= (1 - ward.summer_closed * summer) * (1 - ward.weekend_closed * (not working))
    return max(2, round(beds))
