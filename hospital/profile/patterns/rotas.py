"""Plans of staff that stop, lack some shifts, stay the same, are copied from week to week, or say nobody."""

from dataclasses import replace

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_clock
from hospital.grouping import rows_of_groups
from hospital.profile.current_rows import Latest, day_text
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.silences import Silence
from hospital.profile.patterns.stops import CERTAIN_NATS, constant_run, gap_finding, nats
from hospital.times import DAY, HOUR

__all__ = ["rota_findings"]

_ROTA_STEPS, _ROTA_DAYS = 5.0, 7
_REPEATED_DAYS, _VARIES = 21, 0.5
_SHIFT_DAYS = 21
_LOST = 0.5
"""Of an hour's shifts, the share by which all shifts a day are fewer without it: else they begin at another hour."""


def rota_findings(staffing: Latest, until: int) -> list[Finding]:
    """Plans of a unit and role that end before the record does, or lack a week or more inside it."""
    out = []
    codes, pairs = pd.factorize(staffing.frame["unit"] + "\x1f" + staffing.frame["role"])
    for rows, pair in zip(rows_of_groups(codes.astype(np.int64), len(pairs)), pairs, strict=True):
        unit, role = str(pair).split("\x1f")
        at = staffing.times[rows]
        rows, at = rows[at <= until], np.append(at[at <= until], until)
        if at.size < 2 * FLOOR:
            continue
        plan = staffing.part(rows)
        out += _nobody(plan, unit, role) or _frozen_rota(plan, unit, role)
        out += _lost_shifts(plan, unit, role, until)
        steps = np.diff(at)
        usual = float(np.quantile(steps[:-1], 0.95))
        i = int(np.argmax(steps))
        if steps[i] < max(_ROTA_DAYS * DAY, _ROTA_STEPS * usual):
            continue
        first, last = (day_text(int(at[k]), staffing.zone) for k in (i, i + 1))
        lost = round(float(steps[i]) / float(np.median(steps[:-1])))
        share = float(steps[i]) / float(at[-1] - at[0])
        code = "rota_stops" if i == steps.size - 1 else "rota_gap"
        days = round(float(steps[i]) / DAY)
        out.append(
            Finding(
                "staffing", code, Weight.LOOK, "at", unit, lost, share, first, last, names=(role,), days=days
            )
        )
    return out


def _nobody(plan: Latest, unit: str, role: str) -> list[Finding]:
    """A week or more in which one unit's and role's plan says 0 in every row, though it never does at other times."""
    counts = plan.frame["count"].to_numpy(np.float64)
    zero = np.flatnonzero(counts == 0)
    if not zero.size or zero[-1] - zero[0] + 1 != zero.size or zero.size == counts.size:
        return []
    if plan.day[zero[-1]] - plan.day[zero[0]] < _ROTA_DAYS or counts.size - zero.size < 2 * FLOOR:
        return []
    run = Silence(int(zero[0]), int(zero[-1]) + 1, 0.0)
    return [gap_finding(plan, "rota_nobody", "count", unit, plan.times, run, (role,))]


def _lost_shifts(plan: Latest, unit: str, role: str, until: int) -> list[Finding]:
    """Hours at which shifts began, and for three weeks or more none does, though the others go on as before."""
    clock = local_clock(plan.times, plan.zone)
    hour, day = clock % DAY // HOUR, clock // DAY
    last = int(local_clock(np.array([until], np.int64), plan.zone)[0]) // DAY
    lost: list[tuple[int, int, int]] = []
    for own in np.unique(hour):
        at = np.append(day[hour == own], last)
        steps = np.diff(at)
        if at.size < 2 * FLOOR or steps.max() < max(_SHIFT_DAYS, _ROTA_STEPS * np.quantile(steps, 0.95)):
            continue
        i = int(np.argmax(steps))
        inside = (day > at[i]) & (day < at[i + 1])
        before = (day > 2 * at[i] - at[i + 1]) & (day <= at[i])
        usual = before.sum() / np.unique(day[before]).size
        there = inside.sum() / max(np.unique(day[inside]).size, 1)
        if (
            inside.any()
            and usual - there >= _LOST * (hour[before] == own).sum() / np.unique(day[before]).size
        ):
            lost.append((int(own), int(at[i]) + 1, int(at[i + 1])))
    if not lost:
        return []
    first, stop = lost[0][1], lost[0][2]
    texts = [str(np.datetime64(d, "D")) for d in (first, stop - 1 if stop != last else stop)]
    clocks = ",".join(f"{own:02d}:00" for own, *_ in lost)
    finding = Finding("staffing", "rota_shifts", Weight.LOOK, "at", unit, first=texts[0], last=texts[1])
    return [replace(finding, days=stop - first + (stop == last), clock=clocks, names=(role,))]


def _frozen_rota(plan: Latest, unit: str, role: str) -> list[Finding]:
    """One unit's and role's numbers that stay the same for weeks, or repeat the week before, though they vary else."""
    counts = plan.frame["count"].to_numpy(np.float64)
    codes, values = pd.factorize(counts)
    if len(values) < 2 or role == "bed":  # beds are planned by the week, and stay as planned
        return []
    run, code = constant_run(codes, plan.day), "column_constant"
    if run is None:
        run, code = _repeated(counts, local_clock(plan.times, plan.zone), plan.day), "rota_repeated"
    if run is None:
        return []
    found = gap_finding(plan, code, "count", unit, plan.times, Silence(*run, 0.0), (role,))
    return [found]


def _repeated(counts: Array, clock: Array, day: Array) -> tuple[int, int] | None:
    """The longest run of numbers (float64 [n]) equal to those of the same hour of the week before; None by chance."""
    places = np.minimum(np.searchsorted(clock, clock - 7 * DAY), clock.size - 1)
    same = (clock[places] == clock - 7 * DAY) & (counts[places] == counts)
    edges = np.flatnonzero(~same)
    starts, stops = np.concatenate([[0], edges + 1]), np.concatenate([edges, [same.size]])
    i = int(np.argmax(stops - starts))
    start, stop = int(starts[i]), int(stops[i])
    others = np.concatenate([same[:start], same[stop:]])
    if stop <= start or day[stop - 1] - day[start] + 1 < _REPEATED_DAYS or others.size < 2 * FLOOR:
        return None
    # A plan that is the same on most weeks is a cycle, not a copy.
    usual = float(others.mean())
    return (start, stop) if usual <= _VARIES and nats(stop - start, usual) >= CERTAIN_NATS else None
