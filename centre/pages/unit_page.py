"""GET /pilotage/unit: one unit, with its fan chart, reasons that add up, its levels, and the protocols they call."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from starlette.responses import Response

from centre.pages.hospital_view import HospitalView, hospital_view
from centre.pages.level_words import LevelsSaid, said
from centre.pages.pilotage import TEMPLATES
from centre.pages.unit_tension import UnitTension, hides_a_risk, level, tensions
from centre.practice.protocol_file import Protocol
from centre.practice.protocols_in_force import protocols_in_force
from centre.recommendations.answers import recommendation_answer
from centre.recommendations.views import seen_by
from serving.interface.bed_forecasts import BedForecast, Explanation, unit_labels
from serving.interface.pages import (
    PAGE,
    SEES_PAGES,
    ShownUnit,
    changes,
    fan_chart,
    feature_row,
    known_words,
    language,
    page,
    time_words,
    unit_name,
    warnings_by_horizon,
    words,
)
from serving.interface.requests import Call, Endpoint, Parameter, Problem, instant

__all__ = ["UNIT", "ReasonGroup", "Reasons", "reasons"]

_UNIT = Parameter({"type": "string", "maxLength": 200}, "id of the unit")


@dataclass(frozen=True)
class ReasonGroup:
    """What a group of features adds, as it is written.

    Attributes:
        label: "" for steps that are of no group.
        terms: each with its words; together they are `beds`.
    """

    label: str
    beds: Decimal
    terms: Sequence[tuple[str, Decimal]]


@dataclass(frozen=True)
class Reasons:
    """Why a forecast is what it is, as it is written: `base` and the groups, to a tenth of a bed, are its median.

    Attributes:
        explanation: as it was answered; its sentences say what weighs most, and what it does, as on every page.
        base: where it starts.
        groups: the largest first, then the steps after them; a feature that is not shown is in its group's last term.
        beds: the forecast's quantiles.
    """

    horizon_hours: float
    explanation: Explanation
    base: Decimal
    groups: Sequence[ReasonGroup]
    beds: dict[str, Decimal]

    @property
    def terms(self) -> list[tuple[str, Decimal]]:
        """The terms of all groups."""
        return [term for group in self.groups for term in group.terms]


def reasons(call: Call, forecast: BedForecast) -> Reasons:
    """The reasons of a forecast, rounded so that what is written adds up to what is written.

    The exact parts add up to the exact median; rounded each by itself they may miss it by some tenths. These go to what
    has no name of its own where there is some, so that a part is the same here and in its sentence above; else to the
    parts that rounding moved most.
    """
    explanation = forecast.explanation
    named = _terms(call, explanation, forecast.horizon_hours)
    p50 = _tenth(forecast.beds["p50"])
    others = words(call, "pilotage.others")
    unnamed = [n for n, (_, name, value) in enumerate(named, 1) if name == others and value]
    base, *values = _adding_up([explanation["base"], *(value for _, _, value in named)], p50, unnamed)
    groups: dict[str, list[tuple[str, Decimal]]] = {}
    for (group, name, _), value in zip(named, values, strict=True):
        groups.setdefault(group, []).extend([(name, value)] if value else [])
    written = [
        ReasonGroup(group, sum((value for _, value in terms), Decimal(0)), terms)
        for group, terms in groups.items()
        if terms
    ]
    return Reasons(forecast.horizon_hours, explanation, base, written, {"p50": p50})


def _terms(call: Call, explanation: Explanation, hours: float) -> list[tuple[str, str, float]]:
    """(group's label, words, beds) of each part of an explanation: groups, largest first, then steps under ""."""
    others = words(call, "pilotage.others")
    named: list[tuple[str, str, float]] = []
    for group in sorted(explanation.get("groups", ()), key=lambda g: -abs(g["contribution"])):
        mine = [c for c in explanation["contributions"] if c["group"] == group["group"]]
        named += [(group["label"], feature_row(call, c, hours), c["contribution"]) for c in mine]
        named.append((group["label"], others, group["other"]))
    if not named:  # an answer of before groups
        named = [("", feature_row(call, c, hours), c["contribution"]) for c in explanation["contributions"]]
        named.append(("", others, explanation["other"]))
    for a in explanation["adjustments"]:
        step = known_words(call, f"pilotage.adjustments.{a['name']}", a["name"].replace("_", " "))
        named.append(("", step, a["contribution"]))
    return named


def _tenth(value: float) -> Decimal:
    return Decimal(f"{value:.1f}")


def _adding_up(parts: Sequence[float], total: Decimal, unnamed: Sequence[int] = ()) -> list[Decimal]:
    """The parts to a tenth each, adding up to `total`; what rounding misses goes to `unnamed` if there are any."""
    rounded = [_tenth(part) for part in parts]
    gap = int((total - sum(rounded, Decimal(0))) * 10)
    step = Decimal(1 if gap > 0 else -1) / 10
    by_error = sorted(
        unnamed or range(len(parts)), key=lambda i: (float(rounded[i]) - parts[i]) * (1 if gap > 0 else -1)
    )
    for n in range(abs(gap)):
        rounded[by_error[n % len(by_error)]] += step
    return rounded


def unit_page(call: Call) -> Response:
    """GET /pilotage/unit"""
    view, wanted = hospital_view(call), call.query.get("unit", "")
    shown = next((u for u in view.beds.units if u.unit == wanted), None)
    now = {u.unit: u for u in view.flows.beds.units if u.unit is not None}
    learned = unit_labels(call.parts, language(call))
    if shown is None and wanted in learned:  # a page has room for so many units alone
        shown = ShownUnit(wanted, learned[wanted], ())
    elif shown is None and wanted in now:
        known = now[wanted]
        shown = ShownUnit(wanted, unit_name(call, known.label, known.label_fr, known.label_en), ())
    elif shown is None:
        raise Problem(404, "unknown_unit", "problems.unknown_unit_page")
    (row,) = tensions(replace(view.beds, units=[shown]), now)
    no_forecast = "no_room" if wanted in learned else "no_forecast"
    return _page(call, view, shown, row, no_forecast)


def _page(call: Call, view: HospitalView, shown: ShownUnit, row: UnitTension, no_forecast: str) -> Response:
    zone = view.record.zone
    levels = said(call, view.levels, view.levels.units.get(row.unit), of_unit=True)
    opened = _opened(row.ahead)
    return page(
        call,
        TEMPLATES,
        "unit.html",
        "pilotage",
        path="/pilotage/unit",
        unit=row,
        proof=view.beds.proof,
        hides=hides_a_risk([row], view.beds.proof),
        fault=view.beds.fault,
        no_forecast=no_forecast,
        now=time_words(call, view.record.at, zone),
        made=time_words(call, view.beds.at, zone),
        simulated=view.beds.simulated,
        picture=fan_chart(call, shown, view.beds.at, zone) if row.ahead else "",
        explained=[reasons(call, f) for f in row.ahead],
        opened=None if opened is None else opened.horizon_hours,
        warnings=warnings_by_horizon(row.ahead),
        levels=levels,
        level=level,
        recommended=[
            recommendation_answer(r, acts, language(call)) for r, acts in seen_by(call, unit=row.unit)
        ],
        until=lambda one: time_words(call, instant(one.decide_by), zone),
        decide=lambda key: words(call, f"decide.{key}"),
        protocols=_called(call, view, row.unit, levels),
        changed=None if opened is None else changes(call, opened, view.beds.at, zone),
    )


def _opened(forecasts: Sequence[BedForecast]) -> BedForecast | None:
    """Whose reasons stand open: the nearest that the model answers, since a baseline has little to say."""
    return min(forecasts, key=lambda f: (f.trust["status"] != "trusted", f.horizon_hours), default=None)


def _called(call: Call, view: HospitalView, unit: str, levels: LevelsSaid) -> list[Protocol]:
    """The protocols in force for a unit that its levels, or those of the hospital, call."""
    hospital = said(call, view.levels, view.levels.hospital)
    names = {*levels.names, *hospital.names}
    in_force = protocols_in_force(call.parts, view.record.at, view.record.zone)
    return [p for p in in_force if p.is_for(unit) and names & set(p.levels)]


UNIT = Endpoint(
    "GET",
    "/pilotage/unit",
    unit_page,
    "One unit: what is expected, why, and the protocol in force",
    roles=SEES_PAGES,
    scope="pages",
    once=True,
    page=True,
    parameters={**PAGE, "unit": _UNIT},
    documented=False,
)
