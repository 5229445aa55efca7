"""The number of staffed beds in a unit's picture: no line runs through it, wherever the lines lie."""

import re
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from hospital.svg_labels import clear_height
from hospital.times import HOUR, instant
from serving.messages.forecast_parts import Trust
from serving.messages.forecast_protocol import UnitHistory
from serving.messages.forecast_records import BedForecast
from serving.pages.forecast_picture import unit_picture

PARIS = ZoneInfo("Europe/Paris")
AT = datetime(2025, 11, 3, 3, 40, tzinfo=PARIS)


def _forecast(hours: float, median: float, staffed: float) -> BedForecast:
    return BedForecast(
        unit="U",
        target_at=AT + timedelta(hours=hours),
        horizon_hours=hours,
        beds={"p10": median - 4, "p50": median, "p90": median + 4},
        staffed=staffed,
        tension_probability=0.5,
        explanation={},  # type: ignore[typeddict-item]
        trust=Trust(status="trusted", warnings=()),
    )


@pytest.mark.parametrize(
    "medians",
    [
        (30, 30, 30, 30),
        (26, 28, 30, 31),
        (34, 32, 31, 30),
        (30, 30, 31, 33),
        (30, 33, 27, 30),
        (20, 20, 20, 20),
    ],
)
@pytest.mark.parametrize("staffed", [(30, 30, 30, 30), (33, 33, 30, 30), (28, 28, 28, 30)])
def test_no_line_runs_through_the_number_of_staffed_beds(
    medians: tuple[float, ...], staffed: tuple[float, ...]
) -> None:
    """Where demand is just what is staffed, rises to it, falls to it or crosses it."""
    hours = (4.0, 24.0, 48.0, 72.0)
    forecasts = [_forecast(*one) for one in zip(hours, medians, staffed, strict=True)]
    history = UnitHistory(
        "U", tuple(instant(AT) - n * HOUR for n in (48, 24, 0)), (27.0, 31.0, 30.0), staffed[0]
    )
    picture = str(unit_picture(history, forecasts, instant(AT), PARIS, "fr"))
    drawn = re.findall(r'<polyline class="(?:history|forecast|staffed)" points="(.*?)"', picture)
    assert len(drawn) == 3
    texts = re.findall(r'<text ([^>]*class="staffed-words"[^>]*)>([^<]*)<', picture)
    assert texts
    for attributes, words in texts:
        x, y = (float(re.findall(rf'\b{name}="([\d.]+)"', attributes)[0]) for name in "xy")
        width = 6.5 * len(words)
        left, right = (x - width, x) if "end" in attributes else (x, x + width)
        for points in drawn:
            line = [tuple(map(float, p.split(","))) for p in points.split()]
            assert not _crosses(line, left, right, y - 10, y + 2), (words, points)  # type: ignore[arg-type]
        assert 18 <= y <= 190 - 24


def _crosses(line: list[tuple[float, float]], left: float, right: float, top: float, bottom: float) -> bool:
    """Whether a line has a point within a box, looked at every half pixel."""
    for (x0, y0), (x1, y1) in pairwise(line):
        steps = max(int(2 * max(abs(x1 - x0), abs(y1 - y0))), 1)
        for n in range(steps + 1):
            x, y = x0 + (x1 - x0) * n / steps, y0 + (y1 - y0) * n / steps
            if left <= x <= right and top <= y <= bottom:
                return True
    return False


def test_where_nothing_is_clear_the_most_room_is_taken() -> None:
    """Lines everywhere: the label stays within its limits."""
    lines = [[(0.0, float(y)), (100.0, float(y))] for y in range(0, 200, 4)]
    assert 20 <= clear_height(lines, (10, 50), 100, (20, 180)) <= 180
    assert clear_height([], (10, 50), 100, (20, 180)) == 92
