"""The card's pictures, as SVG in the page: each says in words what it shows, its table says it in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Interval", "Pair", "bars", "intervals"]

_WIDTH = 660
_LEFT = 190
_SPAN = 340


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


def bars(pairs: Sequence[Pair], *, caption: str, model: str, baseline: str) -> str:
    """Bars of the model (full) and of the baseline (hatched), one pair a row."""
    top = max((max(p.model, p.baseline) for p in pairs), default=0.0)
    if top <= 0:
        return ""
    out = [
        '<defs><pattern id="baseline" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="6" height="6" fill="#e7ecf0"/>'
        '<rect width="2.4" height="6" fill="#7b8894"/></pattern></defs>'
    ]
    for i, pair in enumerate(pairs):
        y = 46 * i + 6
        out.append(_text(0, y + 21, pair.label))
        for j, (value, words, fill) in enumerate(
            (
                (pair.model, pair.model_words, "#1f5f99"),
                (pair.baseline, pair.baseline_words, "url(#baseline)"),
            )
        ):
            length = _SPAN * value / top
            line = ' stroke="#7b8894"' if j else ""
            out.append(
                f'<rect x="{_LEFT}" y="{y + 17 * j}" width="{length:.1f}" height="14" fill="{fill}"{line}/>'
            )
            out.append(_text(_LEFT + length + 8, y + 12 + 17 * j, words))
    y = 46 * len(pairs) + 14
    for x, fill, words in ((_LEFT, "#1f5f99", model), (_LEFT + 160, "url(#baseline)", baseline)):
        out.append(f'<rect x="{x}" y="{y}" width="14" height="12" fill="{fill}" stroke="#7b8894"/>')
        out.append(_text(x + 20, y + 11, words))
    return _figure(out, y + 22, caption)


def intervals(
    rows: Sequence[Interval],
    *,
    caption: str,
    marks: Sequence[tuple[float, str]],
    least_span: tuple[float, float],
) -> str:
    """A point and its interval a row; `marks` are values with a dashed line and words, such as a limit.

    `least_span` is at least shown, so that small intervals look small.
    """
    if not rows:
        return ""
    low = min(least_span[0], *(r.low for r in rows), *(m for m, _ in marks))
    high = max(least_span[1], *(r.high for r in rows), *(m for m, _ in marks))
    scale = _SPAN / (high - low)

    def at(value: float) -> float:
        return _LEFT + (value - low) * scale

    bottom = 30 * len(rows) + 30
    out = []
    for i, (value, words) in enumerate(marks):
        out.append(
            f'<line x1="{at(value):.1f}" x2="{at(value):.1f}" y1="24" y2="{bottom}" stroke="#4f5d6b" '
            f'stroke-dasharray="{"none" if value == 0 else "5 4"}"/>'
        )
        anchor = "end" if len(marks) > 1 and i == 0 else "start"
        out.append(_text(at(value), 15, words, anchor))
    for i, row in enumerate(rows):
        y = 30 * i + 42
        out.append(_text(0, y + 4, row.label))
        out.append(
            f'<line x1="{at(row.low):.1f}" x2="{at(row.high):.1f}" y1="{y}" y2="{y}" '
            'stroke="#1f5f99" stroke-width="4" stroke-linecap="round"/>'
        )
        point = f'cx="{at(row.value):.1f}" cy="{y}" r="6" fill="#fff" stroke="#1f5f99" stroke-width="3"'
        out.append(f"<circle {point}/>")
        out.append(_text(_LEFT + _SPAN + 14, y + 4, row.words))
    return _figure(out, bottom + 6, caption)


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _figure(parts: Sequence[str], height: float, caption: str) -> str:
    size = f'viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}"'
    drawn = f'<svg {size} role="img" aria-label="{escape(caption)}">{"".join(parts)}</svg>'
    return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>"
