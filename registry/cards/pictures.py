"""The card's pictures: each says in words what it shows, its table says it in numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hospital.svg_scales import Scale
from hospital.svg_shapes import BLUE, GREY, LIGHT, Picture, Shape, bar, label, stroke
from registry.cards.finding_text import Words

__all__ = ["Interval", "Pair", "bars", "interval_of", "intervals"]

_WIDTH = 660
_LEFT = 190
_SPAN = 340
_HATCHED = "url(#baseline)"


@dataclass(frozen=True)
class Pair:
    """Two errors that stand side by side, with the words beside their bars."""

    label: str
    model: float
    baseline: float
    model_words: str
    baseline_words: str


@dataclass(frozen=True)
class Interval:
    """A measure with its interval, and the words beside it."""

    label: str
    value: float
    low: float
    high: float
    words: str


def interval_of(finding: Mapping[str, Any], words: Words) -> Interval | None:
    """A finding as a row of a picture; None where its value or interval was not measured."""
    bounds = cast("list[float | None] | None", finding.get("interval"))
    value = finding["value"]
    if value is None or not bounds or bounds[0] is None or bounds[1] is None:
        return None
    name = words.group(str(finding["group"]))
    return Interval(name, float(value), bounds[0], bounds[1], words.value(finding, value))


def bars(pairs: Sequence[Pair], *, caption: str, model: str, baseline: str) -> Picture | None:
    """Bars of the model (full) and of the baseline (hatched), one pair a row; None where all are zero."""
    top = max((max(p.model, p.baseline) for p in pairs), default=0.0)
    if top <= 0:
        return None
    scale = Scale(0.0, top, _LEFT, _LEFT + _SPAN)
    out = [_hatching()]
    for i, pair in enumerate(pairs):
        y = 46 * i + 6
        out.append(label(0, y + 21, pair.label))
        out.append(bar(_LEFT, y, scale.length(pair.model), 14, BLUE))
        out.append(bar(_LEFT, y + 17, scale.length(pair.baseline), 14, _HATCHED, stroke=GREY))
        out.append(label(scale.at(pair.model) + 8, y + 12, pair.model_words))
        out.append(label(scale.at(pair.baseline) + 8, y + 29, pair.baseline_words))
    y = 46 * len(pairs) + 14
    for x, fill, words in ((_LEFT, BLUE, model), (_LEFT + 160, _HATCHED, baseline)):
        out.append(bar(x, y, 14, 12, fill, stroke=GREY))
        out.append(label(x + 20, y + 11, words))
    return Picture(_WIDTH, y + 22, out, caption)


def _hatching() -> Shape:
    area = {"id": "baseline", "width": "6", "height": "6", "patternUnits": "userSpaceOnUse"}
    stripes = (bar(0, 0, 6, 6, LIGHT), bar(0, 0, 2.4, 6, GREY))
    return Shape(
        "defs", {}, within=(Shape("pattern", {**area, "patternTransform": "rotate(45)"}, within=stripes),)
    )


def intervals(
    rows: Sequence[Interval],
    *,
    caption: str,
    marks: Sequence[tuple[float, str]],
    least_span: tuple[float, float],
) -> Picture | None:
    """A point and its interval a row; `marks` are values with a dashed line and words, such as a limit.

    `least_span` is at least shown, so that small intervals look small. None without rows.
    """
    if not rows:
        return None
    low = min(least_span[0], *(r.low for r in rows), *(m for m, _ in marks))
    high = max(least_span[1], *(r.high for r in rows), *(m for m, _ in marks))
    at = Scale(low, high, _LEFT, _LEFT + _SPAN).at
    bottom = 30 * len(rows) + 30
    out = []
    for i, (value, words) in enumerate(marks):
        dashes = "none" if value == 0 else "5 4"
        out.append(stroke(at(value), 24, at(value), bottom, stroke="#4f5d6b", stroke_dasharray=dashes))
        out.append(label(at(value), 15, words, "end" if len(marks) > 1 and i == 0 else "start"))
    for i, row in enumerate(rows):
        y = 30 * i + 42
        out.append(label(0, y + 4, row.label))
        line = {"stroke": BLUE, "stroke_width": "4", "stroke_linecap": "round"}
        out.append(stroke(at(row.low), y, at(row.high), y, **line))
        point = {"cx": f"{at(row.value):.1f}", "cy": str(y), "r": "6", "fill": "#fff", "stroke": BLUE}
        out.append(Shape("circle", {**point, "stroke-width": "3"}))
        out.append(label(_LEFT + _SPAN + 14, y + 4, row.words))
    return Picture(_WIDTH, bottom + 6, out, caption)
