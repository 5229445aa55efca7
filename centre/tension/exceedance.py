"""How probably more beds are needed than have staff: read off each forecast's own calibrated distribution.

Units fill together, so nothing here multiplies units' probabilities: the hospital total has a distribution of its own.
"""

from collections.abc import Mapping, Sequence

from centre.tension.answers import Exceedance, GroupExceedance
from serving.interface.bed_forecasts import (
    BedForecast,
    BedForecasts,
    HospitalForecast,
    Quantiles,
    TensionProof,
)
from serving.interface.group_forecasts import GroupForecasts

__all__ = ["group_exceedances", "hospital_exceedances", "unit_exceedances"]

_LESS_TRUSTED = ("trusted", "baseline", "degraded")


def unit_exceedances(forecasts: BedForecasts) -> tuple[Exceedance, ...]:
    """Of each unit and horizon, the most probable first; those that are not known last."""
    proof = forecasts.proof
    made = [
        _exceedance(f.unit, i, f, calibrated=proof.of_unit(f.unit, f.horizon_hours))
        for i, f in forecasts.units
    ]
    return tuple(
        sorted(made, key=lambda e: (e.probability is None, -(e.probability or 0.0), e.horizon_hours))
    )


def hospital_exceedances(forecasts: BedForecasts) -> tuple[Exceedance, ...]:
    """Of the hospital total, the nearest horizon first."""
    proof = forecasts.proof
    made = [
        _exceedance(None, i, f, calibrated=proof.of_total(None, f.horizon_hours))
        for i, f in forecasts.hospital
    ]
    return tuple(sorted(made, key=lambda e: e.horizon_hours))


def group_exceedances(
    forecasts: BedForecasts, groups: Mapping[str, str], totals: GroupForecasts | None = None
) -> tuple[GroupExceedance, ...]:
    """Of each unit group, the nearest horizon first.

    A group of one unit has that unit's own distribution. One of several has that of its total, which the release has
    learned; where it has not, there is none: what is not known is not made up from the units'.

    Args:
        forecasts: of units, and which of their probabilities count.
        groups: the group of each unit, by its id.
        totals: what the release in use says of groups; None: nothing.
    """
    members: dict[tuple[str, float], list[BedForecast]] = {}
    for _, forecast in forecasts.units:
        group = groups.get(forecast.unit, forecast.unit)
        members.setdefault((group, forecast.horizon_hours), []).append(forecast)
    return tuple(
        _group(name, members[name, hours], totals, forecasts.proof) for name, hours in sorted(members)
    )


def _group(
    name: str, units: Sequence[BedForecast], totals: GroupForecasts | None, proof: TensionProof
) -> GroupExceedance:
    beds = [u.staffed for u in units]
    staffed = None if None in beds else float(sum(b for b in beds if b is not None))
    tenths: tuple[float, float, float] | None = None
    probability: float | None = None
    alone, hours = len(units) == 1, units[0].horizon_hours
    if alone:
        tenths, probability = _tenths(units[0].beds), units[0].tension_probability
    elif totals is not None and (total := totals.of(name, units)) is not None:
        tenths, probability = total.tenths, total.probability(staffed)
    reason = "no_distribution_of_the_group" if tenths is None else None
    p10, p50, p90 = tenths or (None, None, None)
    return GroupExceedance(
        group=name,
        units=tuple(sorted(u.unit for u in units)),
        horizon_hours=hours,
        target_at=units[0].target_at,
        staffed=staffed,
        p10=p10,
        p50=p50,
        p90=p90,
        probability=probability,
        calibrated=proof.of_unit(units[0].unit, hours) if alone else proof.of_total(name, hours),
        trust=max((u.trust["status"] for u in units), key=_LESS_TRUSTED.index),
        not_computable=reason or ("staffed_not_known" if staffed is None else None),
    )


def _tenths(beds: Quantiles) -> tuple[float, float, float]:
    return beds["p10"], beds["p50"], beds["p90"]


def _exceedance(
    unit: str | None, prediction_id: str, forecast: BedForecast | HospitalForecast, *, calibrated: bool
) -> Exceedance:
    return Exceedance(
        unit=unit,
        horizon_hours=forecast.horizon_hours,
        target_at=forecast.target_at,
        staffed=forecast.staffed,
        p10=forecast.beds["p10"],
        p50=forecast.beds["p50"],
        p90=forecast.beds["p90"],
        probability=forecast.tension_probability,
        calibrated=calibrated,
        trust=forecast.trust["status"],
        prediction_id=prediction_id,
    ).with_distribution(forecast.distribution)
