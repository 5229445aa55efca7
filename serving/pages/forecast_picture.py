"""A unit's picture as SVG: what was, then the fan of what is forecast. No script and no style attribute."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from hospital.markup import picture_markup
from hospital.svg_labels import clear_height
from hospital.svg_scales import Scale, value_ticks
from hospital.svg_shapes import Picture, Shape, label, stroke
from hospital.times import HOUR, instant, moment
from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language
from serving.messages.forecast_protocol import UnitHistory
from serving.messages.forecast_records import BedForecast, HospitalForecast

__all__ = ["unit_picture"]

WIDTH, HEIGHT = 420, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 12, 18, 24
_MOST_TIMES, _DAYS_FROM_HOURS = 6, 36
_LETTER = 7.5  # of 13 pixels high, no narrower than the widest that is used


@dataclass(frozen=True)
class _Frame:
    """Hours from now, left to right, and beds, bottom to top."""

    hours: Scale
    beds: Scale

    def points(self, places: Sequence[tuple[float, float]]) -> str:
        """(hours, beds) as the points of a line."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.line(places))

    def line(self, places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """(hours, beds) as points of the picture."""
        return [(self.hours.at(h), self.beds.at(b)) for h, b in places]


def unit_picture(
    history: UnitHistory,
    forecasts: Sequence[BedForecast | HospitalForecast],
    now: int,
    zone: ZoneInfo,
    language: Language,
) -> Markup:
    """The picture, with words for who does not see it."""
    seen = [
        ((at - now) / HOUR, o) for at, o in zip(history.at, history.occupied, strict=True) if o is not None
    ]
    ordered = sorted(forecasts, key=lambda f: f.horizon_hours)
    staffed = [s for s in (*(f.staffed for f in ordered), history.staffed) if s is not None]
    frame = _frame(seen, ordered, staffed)
    shapes = [*_grid(frame, now, zone, language), *_fan(frame, ordered, seen[-1:])]
    median = [*seen[-1:], *((f.horizon_hours, f.beds["p50"]) for f in ordered)]
    lines = [frame.line(seen), frame.line(median)]
    shapes += _staffed(frame, _staffed_places(history, ordered), lines, language)
    if seen:
        shapes.append(Shape("polyline", {"class": "history", "points": frame.points(seen)}))
    words = text("pages.picture", language)
    return picture_markup(Picture(WIDTH, HEIGHT, shapes, words, fixed=False, style="picture"))


def _frame(
    seen: Sequence[tuple[float, float]],
    forecasts: Sequence[BedForecast | HospitalForecast],
    staffed: Sequence[float],
) -> _Frame:
    beds = (
        [o for _, o in seen] + [v for f in forecasts for v in (f.beds["p10"], f.beds["p90"])] + list(staffed)
    )
    low, high = (min(beds), max(beds)) if beds else (0.0, 1.0)
    room = max(1.0, 0.12 * (high - low))
    first = min([h for h, _ in seen] or [-1.0])
    last = max([f.horizon_hours for f in forecasts] or [1.0])
    return _Frame(
        Scale(min(first, -1.0), max(last, 1.0), _LEFT, WIDTH - _RIGHT),
        Scale(max(0.0, low - room), high + room, HEIGHT - _BOTTOM, _TOP),
    )


def _staffed_places(
    history: UnitHistory, forecasts: Sequence[BedForecast | HospitalForecast]
) -> list[tuple[float, float]]:
    """(hours from now, staffed beds) where they are known: now, and at each horizon."""
    found = [(0.0, history.staffed), *((f.horizon_hours, f.staffed) for f in forecasts)]
    return [(hours, beds) for hours, beds in found if beds is not None]


def _staffed(
    frame: _Frame,
    places: Sequence[tuple[float, float]],
    others: Sequence[Sequence[tuple[float, float]]],
    language: Language,
) -> Iterator[Shape]:
    """The staffed beds now and at each horizon, joined; their number where they begin, and where they have changed.

    Args:
        others: the other lines of the picture, which no number stands on.
    """
    if not places:
        return
    (first, now), (last, then) = places[0], places[-1]
    line = [(frame.hours.low if first == 0 else first, now), *places]
    if last == first:
        line.append((frame.hours.high, then))
    yield Shape("polyline", {"class": "staffed", "points": frame.points(line)})
    lines = [*others, frame.line(line)]
    for hours, beds in places:
        x, y = frame.hours.at(hours), frame.beds.at(beds)
        yield stroke(x, y - 3, x, y + 3, class_="staffed-mark")
    noun = text("pages.staffed", language, int(f"{then:.0f}"))
    words = f"{formats.number(then, language)} {noun}"
    width = _LETTER * len(words)
    height = _beside(frame, lines, (WIDTH - _RIGHT - width, WIDTH - _RIGHT), then)
    yield label(WIDTH - _RIGHT, height, words, "end", class_="staffed-words")
    if f"{now:.0f}" != f"{then:.0f}":
        number = formats.number(now, language)
        left = frame.hours.at(line[0][0]) + 2
        height = _beside(frame, lines, (left, left + _LETTER * len(number)), now)
        yield label(left, height, number, "start", class_="staffed-words")


def _beside(
    frame: _Frame, lines: Sequence[Sequence[tuple[float, float]]], span: tuple[float, float], beds: float
) -> float:
    return clear_height(lines, span, frame.beds.at(beds), (_TOP + 10, HEIGHT - _BOTTOM - 4))


def _grid(frame: _Frame, now: int, zone: ZoneInfo, language: Language) -> Iterator[Shape]:
    for value in value_ticks(frame.beds.low, frame.beds.high):
        y = frame.beds.at(value)
        yield stroke(_LEFT, y, WIDTH - _RIGHT, y, class_="grid")
        yield label(_LEFT - 6, y + 4, formats.number(value, language), "end", class_="tick")
    x = frame.hours.at(0)
    yield stroke(x, _TOP, x, HEIGHT - _BOTTOM, class_="now")
    for tick, words in _times(frame, now, zone, language):
        yield label(frame.hours.at(tick), HEIGHT - 6, words, "middle", class_="tick")
    words = text("pages.now_marker", language)
    place = max(x, _LETTER * len(words) / 2)  # where no past is drawn, now is the left edge
    yield label(place, _TOP - 5, words, "middle", class_="now-words")


def _times(frame: _Frame, now: int, zone: ZoneInfo, language: Language) -> list[tuple[float, str]]:
    """Where the time axis is marked, in hours from now: local midnights with their day, never mixed with hours.

    A span under a day and a half may hold one midnight only: it has hours in their place. The steps are those of
    the wall clock, which a clock change does not move.
    """
    first = moment(now + int(frame.hours.low * HOUR)).astimezone(zone)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    hours = frame.hours.high - frame.hours.low
    days = hours >= _DAYS_FROM_HOURS
    units = hours / 24 if days else hours
    every = (
        math.ceil(units / _MOST_TIMES) if days else next(h for h in (1, 2, 3, 6) if units / h <= _MOST_TIMES)
    )
    step = timedelta(days=every) if days else timedelta(hours=every)
    found = {}  # by place: an hour that spring skips falls on the next
    for count in range(int((units + 24) // every) + 2):
        at = instant(midnight + count * step)
        when, tick = moment(at).astimezone(zone), (at - now) / HOUR
        if frame.hours.low <= tick <= frame.hours.high:
            words = formats.quantity(when.hour, "hours", language, 0)
            found[tick] = formats.day_month(when, language) if days else words
    return list(found.items())


def _fan(
    frame: _Frame, forecasts: Sequence[BedForecast | HospitalForecast], start: Sequence[tuple[float, float]]
) -> Iterator[Shape]:
    """The range, the median and a point a forecast; all begin where the history ends (`start`: one place or none)."""
    if not forecasts:
        return
    upper = [*start, *((f.horizon_hours, f.beds["p90"]) for f in forecasts)]
    lower = [*start, *((f.horizon_hours, f.beds["p10"]) for f in forecasts)]
    middle = [*start, *((f.horizon_hours, f.beds["p50"]) for f in forecasts)]
    yield Shape("polygon", {"class": "fan", "points": frame.points([*upper, *reversed(lower)])})
    yield Shape("polyline", {"class": "forecast", "points": frame.points(middle)})
    for f in forecasts:
        x, y = frame.hours.at(f.horizon_hours), frame.beds.at(f.beds["p50"])
        yield Shape("circle", {"class": "median", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "4"})
