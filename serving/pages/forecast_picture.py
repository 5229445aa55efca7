"""A unit's picture as SVG: what was, then the fan of what is forecast. No script and no style attribute."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from hospital.times import HOUR, instant, moment
from hospital.words.language import Language
from serving.messages.answer_bodies import BedForecast
from serving.messages.forecast_protocol import UnitHistory
from serving.pages.page_texts import TEXTS, number

__all__ = ["unit_picture"]

WIDTH, HEIGHT = 420, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 12, 18, 24
_MOST_TIMES, _DAYS_FROM_HOURS = 6, 36


@dataclass(frozen=True)
class _Frame:
    first: float
    last: float
    low: float
    high: float

    def x(self, hours: float) -> float:
        return _LEFT + (hours - self.first) / (self.last - self.first) * (WIDTH - _LEFT - _RIGHT)

    def y(self, beds: float) -> float:
        return HEIGHT - _BOTTOM - (beds - self.low) / (self.high - self.low) * (HEIGHT - _TOP - _BOTTOM)

    def point(self, hours: float, beds: float) -> str:
        return f"{self.x(hours):.1f},{self.y(beds):.1f}"


def unit_picture(
    history: UnitHistory, forecasts: Sequence[BedForecast], now: int, zone: ZoneInfo, language: Language
) -> Markup:
    """The picture, with words for who does not see it."""
    seen = [
        ((at - now) / HOUR, o) for at, o in zip(history.at, history.occupied, strict=True) if o is not None
    ]
    ordered = sorted(forecasts, key=lambda f: f.horizon_hours)
    staffed = [f.staffed for f in ordered if f.staffed is not None] + [
        s for s in (history.staffed,) if s is not None
    ]
    frame = _frame(seen, ordered, staffed)
    parts = [_grid(frame, now, zone, language)]
    start = seen[-1] if seen else None
    parts.append(_fan(frame, ordered, start))
    if staffed:
        y = frame.y(staffed[0])
        parts.append(
            f'<line class="staffed" x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}"/>'
            f'<text class="staffed-words" x="{WIDTH - _RIGHT}" y="{y - 5:.1f}" text-anchor="end">'
            f"{number(staffed[0], language)} {escape(TEXTS[language]['staffed'])}</text>"
        )
    if seen:
        points = " ".join(frame.point(h, o) for h, o in seen)
        parts.append(f'<polyline class="history" points="{points}"/>')
    words = escape(TEXTS[language]["picture"])
    return Markup(  # noqa: S704 - every text in it is escaped above, the rest are numbers
        f'<svg class="picture" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">'
        f"{''.join(parts)}</svg>"
    )


def _frame(
    seen: Sequence[tuple[float, float]], forecasts: Sequence[BedForecast], staffed: Sequence[float]
) -> _Frame:
    beds = (
        [o for _, o in seen] + [v for f in forecasts for v in (f.beds["p10"], f.beds["p90"])] + list(staffed)
    )
    low, high = (min(beds), max(beds)) if beds else (0.0, 1.0)
    room = max(1.0, 0.12 * (high - low))
    first = min([h for h, _ in seen] or [-1.0])
    last = max([f.horizon_hours for f in forecasts] or [1.0])
    return _Frame(min(first, -1.0), max(last, 1.0), max(0.0, low - room), high + room)


def _grid(frame: _Frame, now: int, zone: ZoneInfo, language: Language) -> str:
    span = frame.high - frame.low
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000, 10**6) if span / s <= 5)
    parts = []
    value = (int(frame.low // step) + 1) * step
    while value < frame.high:
        y = frame.y(value)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{number(value, language)}</text>"
        )
        value += step
    x = frame.x(0)
    parts.append(f'<line class="now" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{HEIGHT - _BOTTOM}"/>')
    for tick, words in _times(frame, now, zone):
        parts.append(
            f'<text class="tick" x="{frame.x(tick):.1f}" y="{HEIGHT - 6}" text-anchor="middle">{words}</text>'
        )
    parts.append(
        f'<text class="now-words" x="{x:.1f}" y="{_TOP - 5}" text-anchor="middle">'
        f"{escape(TEXTS[language]['now_marker'])}</text>"
    )
    return "".join(parts)


def _times(frame: _Frame, now: int, zone: ZoneInfo) -> list[tuple[float, str]]:
    """Where the time axis is marked, in hours from now: local midnights with their day, never mixed with hours.

    A span under a day and a half may hold one midnight only: it has hours in their place. The steps are those of
    the wall clock, which a clock change does not move.
    """
    first = moment(now + int(frame.first * HOUR)).astimezone(zone)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    hours = frame.last - frame.first
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
        if frame.first <= tick <= frame.last:
            found[tick] = f"{when.day:02d}/{when.month:02d}" if days else f"{when.hour} h"
    return list(found.items())


def _fan(frame: _Frame, forecasts: Sequence[BedForecast], start: tuple[float, float] | None) -> str:
    if not forecasts:
        return ""
    head = [] if start is None else [start]
    upper = [*head, *((f.horizon_hours, f.beds["p90"]) for f in forecasts)]
    lower = [*head, *((f.horizon_hours, f.beds["p10"]) for f in forecasts)]
    middle = [*head, *((f.horizon_hours, f.beds["p50"]) for f in forecasts)]
    around = " ".join(frame.point(h, v) for h, v in [*upper, *reversed(lower)])
    line = " ".join(frame.point(h, v) for h, v in middle)
    dots = "".join(
        f'<circle class="median" cx="{frame.x(f.horizon_hours):.1f}" cy="{frame.y(f.beds["p50"]):.1f}" r="4"/>'
        for f in forecasts
    )
    return f'<polygon class="fan" points="{around}"/><polyline class="forecast" points="{line}"/>{dots}'
