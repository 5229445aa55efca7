"""Pages of what stands above serving: made as serving's own are, of the one set of forecasts that they all show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from starlette.responses import Response

from hospital.times import moment
from hospital.words import formats, names
from hospital.words.catalogue import text
from hospital.words.language import Language
from registry.cards.tension.tension_proof import NOTHING_PROVEN
from serving.explanations.feature_rows import bed_row, bed_row_name
from serving.gateway.endpoint import Call, Parameter
from serving.interface.bed_forecasts import BedForecasts, TensionProof
from serving.messages.forecast_parts import Contribution
from serving.messages.forecast_protocol import UnitHistory
from serving.messages.forecast_records import BedForecast, HospitalForecast
from serving.pages import forecast_sets
from serving.pages.change_page import Changes, changes_of
from serving.pages.forecast_picture import unit_picture
from serving.pages.forecast_sets import BedSet, forecast_set
from serving.pages.rendering import LANGUAGE, SEES_PAGES, language_of, render
from serving.pages.unit_panels import WATCH, WORRY, warnings_by_horizon

__all__ = [
    "PAGE",
    "SEES_PAGES",
    "WATCH",
    "WORRY",
    "ShownBeds",
    "ShownUnit",
    "ahead_words",
    "changes",
    "date_words",
    "fan_chart",
    "feature_row",
    "feature_row_name",
    "hospital_fan",
    "known_words",
    "language",
    "number_words",
    "page",
    "percent_words",
    "probability_words",
    "screen_beds",
    "shown_beds",
    "time_words",
    "unit_name",
    "warnings_by_horizon",
    "words",
]

_RENEWED = Parameter(
    {"type": "string", "enum": ["1"]}, "the page renews itself: nobody asked for new forecasts"
)
PAGE = {**LANGUAGE, "renewed": _RENEWED}
"""The query parameters of a page that renews itself."""


@dataclass(frozen=True)
class ShownUnit:
    """A unit of the release.

    Attributes:
        unit: its id.
        label: its name for people.
        forecasts: the nearest horizon first.
        history: what it has been.
    """

    unit: str
    label: str
    forecasts: Sequence[BedForecast]
    history: UnitHistory | None = None


@dataclass(frozen=True)
class ShownBeds:
    """Bed forecasts as pages show them.

    Attributes:
        at: instant that they were made at.
        units: each unit that the pages show.
        fault: the text of ``pages`` that says why there is none, or None.
        hidden: units of the model that are too many for the page.
        hospital: the hospital total at each horizon; empty where the release has none.
        simulated: whether the service's clock is the demo's.
        proof: which probabilities of tension are shown.
    """

    at: int
    units: Sequence[ShownUnit]
    fault: str | None
    hidden: int = 0
    hospital: Sequence[HospitalForecast] = ()
    simulated: bool = False
    proof: TensionProof = NOTHING_PROVEN

    @property
    def forecasts(self) -> BedForecasts:
        """The same as exceedances are read from."""
        units = [("", f) for u in self.units for f in u.forecasts]
        return BedForecasts(units, [("", f) for f in self.hospital], self.fault, proof=self.proof)


def shown_beds(call: Call) -> ShownBeds:
    """The forecasts of the start page; for a page that renews itself, those of now, and none of them is recorded."""
    if "renewed" in call.query:
        return screen_beds(call)
    shown = forecast_set(call.parts, language_of(call), asked=True)
    return _shown(call, shown.at, shown.beds)


def screen_beds(call: Call) -> ShownBeds:
    """The forecasts of now for what only shows them beside something else: none of them is recorded."""
    return _shown(call, *forecast_sets.screen_beds(call.parts, language_of(call)))


def _shown(call: Call, at: int, beds: BedSet) -> ShownBeds:
    model, language = beds.model, language_of(call)
    labels = {u.unit: u.name_in(language) for u in model.units} if model else {}
    units = [
        ShownUnit(unit, labels.get(unit, unit), tuple(f for _, f in made), beds.history.get(unit))
        for unit, made in beds.forecasts.items()
    ]
    hidden = max(len(labels) - len(units), 0)
    total = tuple(f for _, f in beds.hospital)
    return ShownBeds(at, units, beds.fault, hidden, total, call.parts.clock.simulated, beds.proof)


def words(call: Call, key: str, n: float | None = None, /, **values: object) -> str:
    """A text of the catalogue in the language of the page, by its whole key."""
    return text(key, language_of(call), n, **values)


def known_words(call: Call, key: str, otherwise: str) -> str:
    """The same; `otherwise` where the catalogue has none: for what a hospital may name by itself."""
    return names.name(key, otherwise, language_of(call))


def feature_row(call: Call, shown: Contribution, hours: float) -> str:
    """A feature's row in a table of a bed forecast's reasons, with its value; `hours`: horizon of the forecast."""
    return bed_row(shown, hours, language_of(call))


def feature_row_name(call: Call, shown: Contribution, hours: float) -> str:
    """The same without its value."""
    return bed_row_name(shown, hours, language_of(call))


def number_words(call: Call, value: float, digits: int = 0) -> str:
    """A number as it is written in the language of the page."""
    return formats.number(value, language_of(call), digits)


def ahead_words(call: Call, hours: float) -> str:
    """How far ahead, as in "24 h"."""
    return formats.ahead(hours, language_of(call))


def percent_words(call: Call, share: float) -> str:
    """A share as it is written in the language of the page."""
    return formats.percent(share, language_of(call))


def probability_words(call: Call, probability: float) -> str:
    """A probability as it is written in the language of the page."""
    return formats.probability(probability, language_of(call))


def changes(call: Call, forecast: BedForecast, at: int, zone: ZoneInfo) -> Changes | None:
    """What has changed in a forecast made `at` since about three hours before; None: that cannot be said."""
    return changes_of(call, forecast.unit, forecast.horizon_hours, at, zone)


def date_words(call: Call, day: date) -> str:
    """A day as it is written in the language of the page."""
    return formats.date(day, language_of(call))


def language(call: Call) -> Language:
    """The language of the page."""
    return language_of(call)


def unit_name(call: Call, label: str, label_fr: str | None = None, label_en: str | None = None) -> str:
    """A unit's name in the language of the page; where the hospital gave none in it, its label."""
    language = language_of(call)
    return (label_fr if language == "fr" else label_en) or names.unit(label, language)


def fan_chart(call: Call, unit: ShownUnit, at: int, zone: ZoneInfo) -> Markup:
    """A unit's last days and the fan of what is forecast, with staffed beds at each horizon; `at`: of the forecasts."""
    history = unit.history or UnitHistory(unit.unit, (), (), None)
    return unit_picture(history, unit.forecasts, at, zone, language_of(call))


def hospital_fan(call: Call, beds: ShownBeds, zone: ZoneInfo) -> Markup:
    """The fan of the hospital total, without its last days: what it was is not kept as one line."""
    nothing = UnitHistory("", (), (), None)
    return unit_picture(nothing, beds.hospital, beds.at, zone, language_of(call))


def page(
    call: Call,
    folder: Path,
    template: str,
    words: str,
    *,
    status: int = 200,
    live: bool = False,
    **values: Any,
) -> Response:
    """A page from a template of a folder, which may extend ``base.html``; ``w`` gives the texts of `words`.

    Args:
        live: whether it renews itself by `live_pages.live_stream`.
    """
    return render(template, language_of(call), status, folder=folder, words=words, live=live, **values)


def time_words(call: Call, at: int, zone: ZoneInfo) -> str:
    """An instant as people of the hospital read it; `zone`: the hospital's."""
    return formats.date_time(moment(at).astimezone(zone), language_of(call))
