"""The page that says what has changed in a forecast since an earlier time."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.responses import Response

from hospital.errors import HistoryError
from hospital.times import TimeError, instant, moment, parse_time
from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language
from serving.errors import Problem
from serving.explanations.contrast_text import moment_words
from serving.gateway.endpoint import Call, Endpoint, Parameter
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.forecast_records import BedForecast
from serving.messages.question_records import Against, BedQuestion, ExplainOptions
from serving.messages.request_bodies import MAX_HORIZON_HOURS
from serving.pages.rendering import LANGUAGE, SEES_PAGES, language_of, render

__all__ = ["ENDPOINTS", "Changes", "Since", "changes_of", "since_of"]

_HOURS_BACK = 3
_REASONS = 6


@dataclass(frozen=True)
class Changes:
    """Why a forecast differs from one of an earlier time.

    Attributes:
        words: since when.
        reasons: sentences that lead from that forecast to this one.
        p50: this one's, in beds.
    """

    words: str
    reasons: tuple[str, ...]
    p50: float


class Since:
    """An earlier time that a forecast may be compared with.

    Attributes:
        at: as the page's address has it.
        words: what the link to the page says.
    """

    def __init__(self, now: int, zone: ZoneInfo, language: Language) -> None:
        """The whole hour of the hospital's clock that lies three hours back, or a little more."""
        local = moment(now).astimezone(zone)
        then = moment(now).astimezone(zone) - timedelta(hours=_HOURS_BACK)
        then = then.replace(minute=0, second=0, microsecond=0)
        self.at = moment(instant(then)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.words = text(
            "explanations.page.changed", language, since=moment_words(then, local, zone, language)
        )


def since_of(now: int, zone: ZoneInfo, language: Language) -> Since:
    """With what the start page offers to compare."""
    return Since(now, zone, language)


def changes_of(call: Call, unit: str, horizon_hours: float, now: int, zone: ZoneInfo) -> Changes | None:
    """What has changed in a unit's forecast of an instant since about three hours before; None: that cannot be said."""
    since = Since(now, zone, language_of(call))
    try:
        at = instant(parse_time(since.at))
        _, forecast = _compared(call, BedQuestion((unit,), (horizon_hours,), now, (), _against(call, at)))
    except (Problem, HistoryError):
        return None
    return Changes(since.words, forecast.explanation["reasons"], forecast.beds["p50"])


def _against(call: Call, at: int) -> ExplainOptions:
    return ExplainOptions(_REASONS, "typical", language_of(call), against=Against(at=at))


def _compared(call: Call, question: BedQuestion) -> tuple[LoadedModel, BedForecast]:
    parts = call.parts
    model, (forecast,), _ = parts.forecasts.unrecorded_bed_demand(question, parts.clock.now(), call.caller)
    return model, forecast


def changes(call: Call) -> Response:
    """GET /changes"""
    language, parts = language_of(call), call.parts
    now, unit = parts.clock.now(), call.query.get("unit", "")
    at = _instant(call.query.get("since", ""), now)
    hours = float(call.query.get("hours", 0))
    model, forecast = _compared(call, BedQuestion((unit,), (hours,), now, (), _against(call, at)))
    zone = ZoneInfo(model.zone)
    name = next((u.name_in(language) for u in model.units if u.unit == unit), unit)
    return render(
        "changes.html",
        language,
        words="explanations",
        unit=name,
        target=formats.date_time(forecast.target_at.astimezone(zone), language),
        since=moment_words(moment(at), moment(now), zone, language),
        reasons=forecast.explanation["reasons"],
        p50=formats.short_quantity(forecast.beds["p50"], "beds", language),
        address=urlencode({name: call.query.get(name, "") for name in ("unit", "hours", "since")}),
    )


def _instant(written: str, now: int) -> int:
    try:
        at = instant(parse_time(written))
    except TimeError:
        raise Problem(422, "not_a_time", "problems.not_a_time_to_compare") from None
    if at > now:
        raise Problem(422, "after_now", "problems.compared_with_later")
    return at


ENDPOINTS = (
    Endpoint(
        "GET",
        "/changes",
        changes,
        "What has changed in a unit's forecast since an earlier time",
        roles=SEES_PAGES,
        scope="pages",
        page=True,
        parameters={
            **LANGUAGE,
            "unit": Parameter({"type": "string", "maxLength": 64}, "as the release knows it"),
            "hours": Parameter({"type": "number", "minimum": 0, "maximum": MAX_HORIZON_HOURS}, "the horizon"),
            "since": Parameter({"type": "string", "maxLength": 40}, "the earlier time, with its zone"),
        },
        documented=False,
    ),
)
