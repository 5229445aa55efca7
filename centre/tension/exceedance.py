"""How probably more beds are needed than have staff: read off each forecast's own calibrated distribution.

Units fill together, so nothing here multiplies units' probabilities: the hospital total has a distribution of its own.
"""

from collections.abc import Mapping, Sequence

from centre.tension.answers import Exceedance, GroupExceedance
from serving.interface.bed_forecasts import BedForecast, BedForecasts, HospitalForecast

__all__ = ["group_exceedances", "hospital_exceedances", "unit_exceedances"]


def unit_exceedances(forecasts: BedForecasts) -> tuple[Exceedance, ...]:
    """Of each unit and horizon, the most probable first; those that are not known last."""
    made = [_exceedance(f.unit, i, f) for i, f in forecasts.units]
    return tuple(
        sorted(made, key=lambda e: (e.probability is None, -(e.probability or 0.0), e.horizon_hours))
    )


def hospital_exceedances(forecasts: BedForecasts) -> tuple[Exceedance, ...]:
    """Of the hospital total, the nearest horizon first."""
    made = [_exceedance(None, i, f) for i, f in forecasts.hospital]
    return tuple(sorted(made, key=lambda e: e.horizon_hours))


def group_exceedances(units: Sequence[Exceedance], groups: Mapping[str, str]) -> tuple[GroupExceedance, ...]:
    """Of each unit group, the nearest horizon first.

    A group of one unit has that unit's own distribution. One of several has none: nothing has learned how their sum
    strays, and what is not known is not made up from the units'.

    Args:
        groups: the group of each unit, by its id.
    """
    members: dict[tuple[str, float], list[Exceedance]] = {}
    for exceedance in units:
        if exceedance.unit is not None:
            group = groups.get(exceedance.unit, exceedance.unit)
            members.setdefault((group, exceedance.horizon_hours), []).append(exceedance)
    return tuple(_group(name, members[name, hours]) for name, hours in sorted(members))


def _group(name: str, units: Sequence[Exceedance]) -> GroupExceedance:
    staffed = [u.staffed for u in units]
    total = None if None in staffed else float(sum(s for s in staffed if s is not None))
    alone = units[0] if len(units) == 1 else None
    reason = (
        "no_distribution_of_the_group" if alone is None else "staffed_not_known" if total is None else None
    )
    return GroupExceedance(
        group=name,
        units=tuple(sorted(str(u.unit) for u in units)),
        horizon_hours=units[0].horizon_hours,
        target_at=units[0].target_at,
        staffed=total,
        probability=None if alone is None else alone.probability,
        not_computable=reason,
    )


def _exceedance(unit: str | None, prediction_id: str, forecast: BedForecast | HospitalForecast) -> Exceedance:
    return Exceedance(
        unit=unit,
        horizon_hours=forecast.horizon_hours,
        target_at=forecast.target_at,
        staffed=forecast.staffed,
        p10=forecast.beds["p10"],
        p50=forecast.beds["p50"],
        p90=forecast.beds["p90"],
        probability=forecast.tension_probability,
        trust=forecast.trust["status"],
        prediction_id=prediction_id,
    )
