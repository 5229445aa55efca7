"""A profile's pictures: each says in words what it shows, a table says it in numbers."""

from collections.abc import Sequence
from datetime import date

from hospital.profile.facts import Gap, ModelProfile, TableProfile, UnitProfile
from hospital.profile.words import Words
from hospital.svg_scales import Scale, month_ticks
from hospital.svg_shapes import BLUE, GREY, INK, LIGHT, RED, Picture, Shape, bar, label, stroke

__all__ = ["horizons_picture", "missing_bar", "units_picture", "weeks_picture"]

_WIDTH, _LEFT, _RIGHT = 860, 120, 12


class _Time:
    """A time axis of days: where each lies, and the months or years that mark it."""

    def __init__(self, first: str, last: str) -> None:
        self.first, self.last = date.fromisoformat(first), date.fromisoformat(last)
        days = max((self.last - self.first).days, 1)
        self._scale = Scale(0, days, _LEFT, _WIDTH - _RIGHT)

    def x(self, iso: str) -> float:
        day = min(max(date.fromisoformat(iso), self.first), self.last)
        return self._scale.at((day - self.first).days)

    def axis(self, y: float) -> list[Shape]:
        """Marks at the first of each month, quarter or year, whichever leaves room for their words."""
        out = []
        for day in month_ticks(self.first, self.last):
            x = self.x(day.isoformat())
            out.append(stroke(x, 0, x, y, stroke="#d3dae1"))
            out.append(label(x, y + 15, f"{day.month:02d}/{day.year}", "middle"))
        return out


def weeks_picture(table: TableProfile, words: Words) -> Picture | None:
    """Rows of each week, with the gaps; None for a table without a span."""
    if len(table.weeks) < 3:
        return None
    time, top, height = _Time(table.weeks[0].monday, table.last), max(w.rows for w in table.weeks), 90
    out = time.axis(height)
    scale = Scale(0, max(top, 1), height, 0)
    width = max((_WIDTH - _LEFT - _RIGHT) / len(table.weeks) - 0.6, 0.8)
    for week in table.weeks:
        y = scale.at(week.rows)
        out.append(bar(time.x(week.monday), y, width, height - y, BLUE))
    out += _gaps(time, table.gaps, 0, height)
    out.append(label(_LEFT - 8, 12, words.number(top), "end"))
    out.append(label(_LEFT - 8, height, words.number(0), "end"))
    return Picture(_WIDTH, height + 22, out, words.t("weeks_caption", table=words.table(table.name)))


def units_picture(units: Sequence[UnitProfile], words: Words) -> Picture | None:
    """When each unit has rows; None where none has."""
    shown = [u for u in units if u.first]
    if not shown:
        return None
    time = _Time(min(u.first for u in shown), max(u.last for u in shown))
    height = 24 * len(shown) + 4
    out = time.axis(height)
    for i, unit in enumerate(shown):
        y, start, end = 24 * i + 6, time.x(unit.first), time.x(unit.last)
        out.append(label(0, y + 12, unit.unit if len(unit.unit) <= 16 else unit.unit[:15] + "…"))
        out.append(bar(start, y, max(end - start, 2), 14, BLUE))
        out += _gaps(time, unit.gaps, y, 14)
        for day in (unit.open_from, unit.open_to):
            if day:
                x = time.x(day)
                dashed = {"stroke": INK, "stroke_width": "2", "stroke_dasharray": "3 2"}
                out.append(stroke(x, y - 4, x, y + 18, **dashed))
    return Picture(_WIDTH, height + 20, out, words.t("units_caption"))


def horizons_picture(model: ModelProfile, words: Words) -> Picture | None:
    """Usable days against those needed, a bar a horizon; None where the model cannot be."""
    if model.lacks or not model.horizons:
        return None
    top = max(max(h.usable_days, h.needed_days) for h in model.horizons)
    scale, out = Scale(0, top, _LEFT, _WIDTH - 150), list[Shape]()
    for i, horizon in enumerate(model.horizons):
        y, end, needed = 26 * i + 4, scale.at(horizon.usable_days), scale.at(horizon.needed_days)
        out.append(label(0, y + 13, words.horizon(horizon.hours)))
        out.append(bar(_LEFT, y, end - _LEFT, 16, BLUE if horizon.possible else RED))
        out.append(stroke(needed, y - 4, needed, y + 20, stroke=INK, stroke_width="3"))
        said = f"{words.number(round(horizon.usable_days))} / {words.number(horizon.needed_days)}"
        out.append(label(max(end, needed) + 8, y + 13, said))
    return Picture(_WIDTH, 26 * len(model.horizons) + 8, out, words.t("horizons_caption"))


def missing_bar(share: float) -> Picture:
    """A share missing as a small bar, beside its number."""
    return Picture(80, 10, (bar(0, 0, 80, 10, LIGHT), bar(0, 0, 80 * share, 10, GREY)))


def _gaps(time: _Time, gaps: Sequence[Gap], y: float, height: float) -> list[Shape]:
    out = []
    for gap in gaps:
        start, end = time.x(gap.first), time.x(gap.last)
        width = max(end - start, 2)
        out.append(bar(start, y, width, height, "#fff"))
        out.append(bar(start, y, width, height, RED, fill_opacity="0.55"))
    return out
