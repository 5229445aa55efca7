"""Pages of what stands above serving: made as serving's own are, of the one set of forecasts that they all show."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from hospital.times import moment
from hospital.words import formats
from serving.gateway.endpoint import Call, Parameter
from serving.messages.answer_bodies import BedForecast
from serving.pages.forecast_sets import forecast_set
from serving.pages.rendering import LANGUAGE, SEES_PAGES, language_of, render
from serving.pages.unit_panels import WATCH, WORRY

__all__ = [
    "PAGE",
    "SEES_PAGES",
    "WATCH",
    "WORRY",
    "ShownBeds",
    "ShownUnit",
    "page",
    "shown_beds",
    "time_words",
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
    """

    unit: str
    label: str
    forecasts: Sequence[BedForecast]


@dataclass(frozen=True)
class ShownBeds:
    """Bed forecasts as pages show them.

    Attributes:
        at: instant that they were made at.
        units: each unit that the pages show.
        fault: the text of ``pages`` that says why there is none, or None.
        hidden: units of the model that are too many for the page.
    """

    at: int
    units: Sequence[ShownUnit]
    fault: str | None
    hidden: int = 0


def shown_beds(call: Call) -> ShownBeds:
    """The forecasts of the start page: a page that is left open has none recorded."""
    shown = forecast_set(call.parts, language_of(call), asked="renewed" not in call.query)
    model = shown.beds.model
    labels = {u.unit: u.label for u in model.units} if model else {}
    units = [
        ShownUnit(unit, labels.get(unit, unit), tuple(f for _, f in made))
        for unit, made in shown.beds.forecasts.items()
    ]
    hidden = max(len(labels) - len(units), 0)
    return ShownBeds(shown.at, units, shown.beds.fault, hidden)


def page(call: Call, folder: Path, template: str, words: str, **values: Any) -> Response:
    """A page from a template of a folder, which may extend ``base.html``; ``w`` gives the texts of `words`."""
    return render(template, language_of(call), folder=folder, words=words, **values)


def time_words(call: Call, at: int, zone: ZoneInfo) -> str:
    """An instant as people of the hospital read it; `zone`: the hospital's."""
    return formats.date_time(moment(at).astimezone(zone), language_of(call))
