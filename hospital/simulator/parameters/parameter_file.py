"""From `parameters.toml` to records, with every fault of a file named at once."""

import dataclasses
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path

from hospital.errors import VigieError
from hospital.simulator.parameters.hospital_parameters import Parameters
from hospital.simulator.school import SCHOOL_ZONES

__all__ = ["ParametersError", "load_parameters"]

DEFAULT_PATH = Path(__file__).parents[1] / "data" / "parameters.toml"


class ParametersError(VigieError):
    """A parameters file with a figure missing, unknown or of the wrong kind (all faults at once)."""


def load_parameters(path: Path | None = None) -> Parameters:
    """Read a parameters file (the shipped one by default).

    Raises:
        ParametersError: figures missing, unknown, of the wrong kind, or lists of the wrong length; all named.
    """
    source = DEFAULT_PATH if path is None else path
    with source.open("rb") as file:
        values = tomllib.load(file)
    faults: list[str] = []
    built = _build(Parameters, values, "", faults)
    if not faults:
        faults.extend(_consistency(typing.cast(Parameters, built)))
    if faults:
        raise ParametersError("errors.at", path=source.name, why="; ".join(faults))
    return typing.cast(Parameters, built)


def _build(kind: typing.Any, value: object, path: str, faults: list[str]) -> object:
    """`value` as `kind` (record, tuple, dictionary or plain); what does not fit is added to `faults`."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(value, Mapping):
            faults.append(f"{path}: expected a table")
            return None
        hints = typing.get_type_hints(kind)
        faults.extend(f"{path}.{name}: unknown".lstrip(".") for name in value if name not in hints)
        faults.extend(f"{path}.{name}: missing".lstrip(".") for name in hints if name not in value)
        parts = {
            n: _build(h, value[n], f"{path}.{n}".lstrip("."), faults) for n, h in hints.items() if n in value
        }
        return kind(**parts) if len(parts) == len(hints) else None
    origin = typing.get_origin(kind)
    if origin is tuple:
        if not isinstance(value, list):
            faults.append(f"{path}: expected a list")
            return ()
        inner = typing.get_args(kind)[0]
        return tuple(_build(inner, item, f"{path}[{i}]", faults) for i, item in enumerate(value))
    if origin is dict:
        if not isinstance(value, Mapping):
            faults.append(f"{path}: expected a table")
            return types.MappingProxyType({})
        inner = typing.get_args(kind)[1]
        return {key: _build(inner, item, f"{path}.{key}", faults) for key, item in value.items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        faults.append(f"{path}: expected {kind.__name__}")
    return value


def _consistency(p: Parameters) -> list[str]:
    """What types alone do not say: lengths, sums, names of wards."""
    units = {ward.unit for ward in p.ward}
    e = p.emergency
    lengths = [
        ("arrivals.hour_shares", len(p.arrivals.hour_shares), 24),
        ("arrivals.child_hour_factors", len(p.arrivals.child_hour_factors), 24),
        ("arrivals.weekday_factors", len(p.arrivals.weekday_factors), 7),
        ("patients.triage_thresholds", len(p.patients.triage_thresholds), 5),
        *(
            (f"department.{d.department}.{n}", len(getattr(d, n)), len(p.department[0].block_hours))
            for d in p.department
            for n in ("doctors_weekday", "doctors_weekend", "nurses_weekday", "nurses_weekend")
        ),
        *(
            (f"emergency.{n}", len(getattr(e, n)), 6)
            for n in ("doctor_minutes", "workup_minutes", "target_minutes", "patience_minutes")
        ),
        ("emergency.crowd_limits", len(e.crowd_limits), 2),
        *((f"reason.{r.code}.ages", len(r.ages), 7) for r in p.reason),
        *((f"ward.{w.unit}.operations_weekday", len(w.operations_weekday), 5) for w in p.ward),
    ]
    faults = [f"{name}: {got} values, {want} expected" for name, got, want in lengths if got != want]
    faults += _departments(p)
    if p.general.school_zone not in SCHOOL_ZONES:
        faults.append(
            f"general.school_zone: {p.general.school_zone!r}, one of {', '.join(SCHOOL_ZONES)} expected"
        )
    named = {u for r in p.reason for u in r.wards} | {u for w in p.ward for u in w.alternates}
    faults += [
        f"{unit}: no ward of this name" for unit in sorted((named | set(p.destinations.step_down)) - units)
    ]
    sums = [
        ("arrivals.hour_shares", sum(p.arrivals.hour_shares)),
        (
            "arrivals.child_hour_factors, weighted by hour_shares",
            sum(f * h for f, h in zip(p.arrivals.child_hour_factors, p.arrivals.hour_shares, strict=False)),
        ),
        ("reason shares", sum(r.share for r in p.reason)),
        ("hospital.discharge_shares", sum(p.hospital.discharge_shares)),
        *((f"reason.{r.code}.wards", sum(r.wards.values())) for r in p.reason),
        *((f"reason.{r.code}.ages", sum(r.ages)) for r in p.reason),
    ]
    return faults + [f"{name}: sums to {total:.4f}, not 1" for name, total in sums if abs(total - 1) > 1e-3]


def _departments(p: Parameters) -> list[str]:
    """Faults of the emergency departments taken together."""
    if not p.department:
        return ["department: none, at least one expected"]
    first, *others = p.department
    names = [d.department for d in p.department]
    faults = [f"department.{n}: named twice" for n in sorted(set(names)) if names.count(n) > 1]
    faults += [
        f"department.{d.department}.block_hours: not those of {first.department}"
        for d in others
        if d.block_hours != first.block_hours
    ]
    taken: set[int] = set()
    for d in others:
        ages = set(range(d.from_years, d.until_years + 1))
        if not ages or ages & taken:
            faults.append(
                f"department.{d.department}: ages {d.from_years} to {d.until_years} empty or taken twice"
            )
        taken |= ages
    return faults
