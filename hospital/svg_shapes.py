"""What a picture is made of: shapes with their attributes, which the template ``picture.svg`` writes and escapes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["BLUE", "GREY", "INK", "LIGHT", "RED", "Picture", "Shape", "bar", "label", "stroke"]

BLUE, RED, GREY, LIGHT, INK = "#1f5f99", "#a1161d", "#7b8894", "#e7ecf0", "#17222e"


@dataclass(frozen=True)
class Shape:
    """One element of a picture.

    Attributes:
        attributes: by their SVG names.
        text: what a text element says.
        within: shapes inside it.
    """

    tag: str
    attributes: Mapping[str, str]
    text: str = ""
    within: Sequence["Shape"] = ()


@dataclass(frozen=True)
class Picture:
    """A picture and what it says in words, for who does not see it; without words it only decorates.

    Attributes:
        fixed: whether it asks for its own width, rather than that of its place.
        style: a class of the page's style.
    """

    width: float
    height: float
    shapes: Sequence[Shape]
    words: str = ""
    fixed: bool = True
    style: str = ""
    attributes: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        size = {"viewBox": f"0 0 {self.width:.0f} {self.height:.0f}"}
        if self.fixed:
            size["width"] = f"{self.width:.0f}"
        said = {"role": "img", "aria-label": self.words} if self.words else {"aria-hidden": "true"}
        style = {"class": self.style} if self.style else {}
        object.__setattr__(self, "attributes", {**style, **size, **said})


def bar(x: float, y: float, width: float, height: float, fill: str = "", **more: str) -> Shape:
    """A rectangle; `more`: other attributes, their hyphens written as underscores."""
    place = {"x": _place(x), "y": _place(y), "width": _place(width), "height": _place(height)}
    return Shape("rect", {**place, **({"fill": fill} if fill else {}), **_named(more)})


def stroke(x1: float, y1: float, x2: float, y2: float, **more: str) -> Shape:
    """A line; `more` as in `bar`."""
    ends = {"x1": _place(x1), "y1": _place(y1), "x2": _place(x2), "y2": _place(y2)}
    return Shape("line", {**ends, **_named(more)})


def label(x: float, y: float, text: str, anchor: str = "start", **more: str) -> Shape:
    """Words at a place; `anchor`: start, middle or end; `more` as in `bar`."""
    return Shape("text", {"x": _place(x), "y": _place(y), "text-anchor": anchor, **_named(more)}, text)


def _place(value: float) -> str:
    return f"{value:.1f}"


def _named(more: Mapping[str, str]) -> dict[str, str]:
    return {name.strip("_").replace("_", "-"): value for name, value in more.items()}
