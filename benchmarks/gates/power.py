"""The power curves of the gates as a picture: share not passed, and share blocked, by size of each flaw."""

import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from registry.digests import write_atomically

__all__ = ["draw_power"]

_WIDTH, _HEIGHT, _LEFT, _TOP, _COLUMNS = 240, 120, 40, 44, 3
_KEY_WIDTH = 480


def draw_power(
    sizes: Sequence[float], curves: Mapping[str, Sequence[tuple[float, float]]], path: Path
) -> None:
    """Writes an SVG with a panel a flaw.

    Args:
        sizes: of the flaws. curves: by flaw, (share not passed, share blocked) for each size.
    """
    panels = [_panel(i, name, sizes, points) for i, (name, points) in enumerate(curves.items())]
    rows = -(-len(curves) // _COLUMNS)
    columns = min(len(curves), _COLUMNS)
    width, height = max(columns * (_WIDTH + 60), _KEY_WIDTH), rows * (_HEIGHT + 90) + 20
    key = (
        '<text x="40" y="16" font-weight="bold">Share of hospitals, by size of the flaw: '
        '<tspan fill="#1f6f8b">not passed</tspan>, <tspan fill="#b3541e">blocked (dashed)</tspan></text>'
    )
    body = "\n".join([key, *panels])
    content = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="11" role="img" aria-label="Power curves of the gates">'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content.encode())


def _panel(index: int, name: str, sizes: Sequence[float], points: Sequence[tuple[float, float]]) -> str:
    x0 = _LEFT + index % _COLUMNS * (_WIDTH + 60)
    y0 = _TOP + 24 + index // _COLUMNS * (_HEIGHT + 90)
    largest = max(sizes)

    def line(which: int, colour: str, dash: str) -> str:
        at = " ".join(
            f"{x0 + _WIDTH * s / largest:.1f},{y0 + _HEIGHT * (1 - p[which]):.1f}"
            for s, p in zip(sizes, points, strict=True)
        )
        return f'<polyline points="{at}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'

    ticks = "".join(
        f'<text x="{x0 + _WIDTH * s / largest:.1f}" y="{y0 + _HEIGHT + 14}" text-anchor="middle">{100 * s:g} %</text>'
        for s in sizes
    )
    levels = "".join(
        f'<line x1="{x0}" x2="{x0 + _WIDTH}" y1="{y0 + _HEIGHT * (1 - v):.1f}" y2="{y0 + _HEIGHT * (1 - v):.1f}" '
        f'stroke="#ddd"/><text x="{x0 - 4}" y="{y0 + _HEIGHT * (1 - v) + 4:.1f}" text-anchor="end">{100 * v:g}</text>'
        for v in (0.0, 0.5, 1.0)
    )
    lines = textwrap.wrap(name, 42)
    title = "".join(
        f'<text x="{x0}" y="{y0 - 8 - 13 * (len(lines) - 1 - i)}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    return title + levels + ticks + line(0, "#1f6f8b", "") + line(1, "#b3541e", "5 3")
