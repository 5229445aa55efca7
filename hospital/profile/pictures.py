"""A profile's pictures, as SVG in the page: each says in words what it shows, a table says it in numbers."""

from collections.abc import Sequence
from datetime import date
from html import escape

from hospital.profile.facts import Gap, ModelProfile, TableProfile, UnitProfile
from hospital.profile.words import Words

__all__ = ["horizons_picture", "missing_bar", "units_picture", "weeks_picture"]

_WIDTH, _LEFT, _RIGHT = 860, 120, 12
_BLUE, _RED, _GREY = "#1f5f99", "#a1161d", "#7b8894"


class _Time:
    """A time axis of days: where each lies, and the months or years that mark it."""

    def __init__(self, first: str, last: str) -> None:
        self.first, self.last = date.fromisoformat(first), date.fromisoformat(last)
        self._days = max((self.last - self.first).days, 1)

    def x(self, iso: str) -> float:
        day = min(max(date.fromisoformat(iso), self.first), self.last)
        return _LEFT + (day - self.first).days / self._days * (_WIDTH - _LEFT - _RIGHT)

    def axis(self, y: float) -> list[str]:
        """Marks at the first of each month, quarter or year, whichever leaves room for their words."""
        step = next((s for s in (1, 3, 6) if self._days / (30 * s) <= 10), 12)
        out = []
        for month in range(self.first.year * 12, self.last.year * 12 + 12, step):
            day = date(month // 12, month % 12 + 1, 1)
            if self.first <= day <= self.last:
                x = self.x(day.isoformat())
                out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{y}" stroke="#d3dae1"/>')
                out.append(_text(x, y + 15, f"{day.month:02d}/{day.year}", "middle"))
        return out


def weeks_picture(table: TableProfile, words: Words) -> str:
    """Rows of each week, with the gaps; nothing for a table without a span."""
    if len(table.weeks) < 3:
        return ""
    time, top, height = _Time(table.weeks[0].monday, table.last), max(w.rows for w in table.weeks), 90
    out = time.axis(height)
    width = max((_WIDTH - _LEFT - _RIGHT) / len(table.weeks) - 0.6, 0.8)
    for week in table.weeks:
        tall = height * week.rows / max(top, 1)
        place = f'x="{time.x(week.monday):.1f}" y="{height - tall:.1f}" width="{width:.1f}"'
        out.append(f'<rect {place} height="{tall:.1f}" fill="{_BLUE}"/>')
    out += _gaps(time, table.gaps, 0, height)
    out.append(_text(_LEFT - 8, 12, words.number(top), "end"))
    out.append(_text(_LEFT - 8, height, "0", "end"))
    return _figure(out, height + 22, words.t("weeks_caption", table=words.table(table.name)))


def units_picture(units: Sequence[UnitProfile], words: Words) -> str:
    """When each unit has rows."""
    shown = [u for u in units if u.first]
    if not shown:
        return ""
    time = _Time(min(u.first for u in shown), max(u.last for u in shown))
    height, out = 24 * len(shown) + 4, list[str]()
    out += time.axis(height)
    for i, unit in enumerate(shown):
        y, start, end = 24 * i + 6, time.x(unit.first), time.x(unit.last)
        out.append(_text(0, y + 12, unit.unit if len(unit.unit) <= 16 else unit.unit[:15] + "…"))
        out.append(
            f'<rect x="{start:.1f}" y="{y}" width="{max(end - start, 2):.1f}" height="14" fill="{_BLUE}"/>'
        )
        out += _gaps(time, unit.gaps, y, 14)
        for told in (unit.open_from, unit.open_to):
            if told:
                x = time.x(told)
                out.append(
                    f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 4}" y2="{y + 18}" stroke="#17222e" '
                    'stroke-width="2" stroke-dasharray="3 2"/>'
                )
    return _figure(out, height + 20, words.t("units_caption"))


def horizons_picture(model: ModelProfile, words: Words) -> str:
    """Usable days against those needed, a bar a horizon."""
    if model.lacks or not model.horizons:
        return ""
    top = max(max(h.usable_days, h.needed_days) for h in model.horizons)
    scale, out = (_WIDTH - _LEFT - 150) / top, list[str]()
    for i, horizon in enumerate(model.horizons):
        y, length = 26 * i + 4, horizon.usable_days * scale
        colour = _BLUE if horizon.possible else _RED
        out.append(_text(0, y + 13, words.horizon(horizon.hours)))
        out.append(f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="16" fill="{colour}"/>')
        x = _LEFT + horizon.needed_days * scale
        out.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 4}" y2="{y + 20}" stroke="#17222e" stroke-width="3"/>'
        )
        said = f"{words.number(round(horizon.usable_days))} / {words.number(horizon.needed_days)}"
        out.append(_text(max(_LEFT + length, x) + 8, y + 13, said))
    return _figure(out, 26 * len(model.horizons) + 8, words.t("horizons_caption"))


def missing_bar(share: float, words: Words) -> str:
    """A share missing as a small bar, with its number beside it."""
    bar = f'<rect width="80" height="10" fill="#e7ecf0"/><rect width="{80 * share:.1f}" height="10" fill="{_GREY}"/>'
    drawn = f'<svg viewBox="0 0 80 10" width="80" height="10" aria-hidden="true">{bar}</svg>'
    return drawn + escape(words.percent(share))


def _gaps(time: _Time, gaps: Sequence[Gap], y: float, height: float) -> list[str]:
    out = []
    for gap in gaps:
        start, end = time.x(gap.first), time.x(gap.last)
        place = f'x="{start:.1f}" y="{y}" width="{max(end - start, 2):.1f}" height="{height}"'
        out.append(f'<rect {place} fill="#fff"/><rect {place} fill="{_RED}" fill-opacity="0.55"/>')
    return out


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _figure(parts: Sequence[str], height: float, caption: str) -> str:
    size = f'viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}"'
    drawn = f'<svg {size} role="img" aria-label="{escape(caption)}">{"".join(parts)}</svg>'
    return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>"
