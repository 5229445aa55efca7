"""A waterfall says what it draws: bars from sum to sum, text that fits a phone, words for who does not see it."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise

import pytest

from hospital.svg_shapes import Shape
from hospital.waterfall import WIDTH, Step, Waterfall

NS = "{http://www.w3.org/2000/svg}"
FALL = Waterfall(
    title="Attente prévue : 45 min",
    start=("Prévu d'habitude", 33.0),
    steps=(
        Step("23 patients attendent déjà (14 d'habitude vers cette heure, un dimanche d'hiver)", 8.2),
        Step("Il est 14 h 30", -3.0),
        Step("Tous les autres facteurs", 6.8),
    ),
    end=("Prévision (médiane)", 45.0),
    unit="minutes",
    language="fr",
)


def _bars(fall: Waterfall) -> list[Shape]:
    """The bars of the steps."""
    return [s for s in fall.picture().shapes if s.tag == "rect" and "stroke" in s.attributes]


def _ends(shape: Shape) -> tuple[float, float]:
    left = float(shape.attributes["x"])
    return left, left + float(shape.attributes["width"])


def test_each_bar_begins_where_the_one_before_ended() -> None:
    """And the last ends where the forecast is marked; lengths are as the changes are."""
    bars, places = _bars(FALL), []
    for shape, step in zip(bars, FALL.steps, strict=True):
        left, right = _ends(shape)
        places.append((left, right) if step.change > 0 else (right, left))
    assert [end for _, end in places[:-1]] == pytest.approx([begin for begin, _ in places[1:]], abs=0.2)
    scale = (places[0][1] - places[0][0]) / 8.2
    assert [end - begin for begin, end in places] == pytest.approx(
        [scale * s.change for s in FALL.steps], abs=0.3
    )
    marks = [s for s in FALL.picture().shapes if s.tag == "rect" and s.attributes["width"] == "6.0"]
    assert [sum(_ends(m)) / 2 for m in marks] == pytest.approx([places[0][0], places[-1][1]], abs=0.2)


def test_signs_are_seen_without_colour() -> None:
    """What rises is filled, what falls is empty with an edge, and each has its sign in figures."""
    fills = [shape.attributes["fill"] for shape in _bars(FALL)]
    assert fills[0] == fills[2] != fills[1] == "#ffffff"
    values = [
        s.text for s in FALL.picture().shapes if s.tag == "text" and s.attributes["text-anchor"] == "end"
    ]
    assert values == ["33\u00a0min", "+8,2\u00a0min", "−3\u00a0min", "+6,8\u00a0min", "45\u00a0min"]


@pytest.mark.parametrize("sign", [" ", "é", "W"])
def test_words_of_any_length_stay_in_the_picture_and_apart(sign: str) -> None:
    """Long reasons are broken, nothing is cut, no line lies on another or on a bar."""
    long = replace(FALL, steps=[Step(("mot" + sign) * 60, 2.0), Step("x" * 200, 1.0)], notes=["note " * 40])
    picture = long.picture()
    texts = [s for s in picture.shapes if s.tag == "text" and s.attributes["text-anchor"] == "start"]
    assert all(len(s.text) <= 46 for s in texts)
    assert "x" * 200 in "".join(s.text for s in texts)
    heights = [float(s.attributes["y"]) for s in texts]
    assert heights == sorted(heights)
    assert all(b - a >= 15 for a, b in pairwise(heights))
    tops = [float(s.attributes["y"]) for s in picture.shapes[3:] if s.tag == "rect"]
    assert all(not top - 1 < y < top + 14 for top in tops for y in heights)
    assert picture.height > max(heights)
    assert all(0 <= x <= WIDTH for s in _bars(long) for x in _ends(s))


def test_the_file_is_an_svg_by_itself_with_a_text_alternative_and_no_script() -> None:
    """It parses, has its namespace, a title and a description with every number, and asks for nothing."""
    root = ET.fromstring(FALL.svg())  # noqa: S314 - of our own making
    assert root.tag == f"{NS}svg"
    assert root.attrib["role"] == "img"
    said = root.attrib["aria-label"]
    assert root.findtext(f"{NS}desc") == said
    for number in ("33", "+8,2", "−3", "+6,8", "45"):
        assert number in said
    assert not re.search(r"<script|href|style=|url\(|@import", FALL.svg())


def test_a_part_of_a_page_has_the_figures_as_a_table() -> None:
    """The same rows, in their order; its language is said; a notebook shows the same."""
    html = FALL.html()
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td class="n">(.*?)</td></tr>', html)
    assert [value for _, value in rows] == [
        "33\u00a0min",
        "+8,2\u00a0min",
        "−3\u00a0min",
        "+6,8\u00a0min",
        "45\u00a0min",
    ]
    assert 'lang="fr"' in html
    assert not re.search(r"<script|<style|style=|<html", html)
    assert FALL._repr_html_() == html


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>"])
def test_names_of_a_hospital_are_escaped(text: str) -> None:
    """In text, attributes and descriptions."""
    fall = Waterfall(text, (text, 1.0), [Step(text, 2.0)], (text, 3.0), "beds", "en", [text])
    for drawn in (fall.svg(), fall.html()):
        assert "<script" not in drawn
        assert "<img" not in drawn
    ET.fromstring(fall.svg())  # noqa: S314 - of our own making


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.0), (1e6, 1e6), (-3.0, -3.0)])
def test_a_forecast_without_reasons_is_drawn(start: float, end: float) -> None:
    """Start and end are one place."""
    alone = replace(FALL, start=("a", start), steps=(), end=("b", end))
    ET.fromstring(alone.svg())  # noqa: S314 - of our own making
    assert "nan" not in alone.svg().lower()
