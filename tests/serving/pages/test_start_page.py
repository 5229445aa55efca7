"""The start page's panels: which horizon is explained, and how the picture's time axis is marked."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hospital.times import HOUR, instant
from serving.messages.answer_bodies import BedForecast, Explanation, Quantiles, Trust
from serving.messages.forecast_protocol import UnitHistory
from serving.pages.forecast_picture import unit_picture
from tests.support import serving_fakes
from tests.support.serving_fakes import InProcess, make_parts

PARIS = ZoneInfo("Europe/Paris")


def test_the_reasons_shown_are_those_of_the_first_trusted_horizon(tmp_path: Path) -> None:
    """Where the baseline answers first, the model's reasons are told, and the heading says of when."""
    parts, tokens = make_parts(tmp_path / "home")
    headers = {"authorization": f"Bearer {tokens['operator']}"}
    page = InProcess(parts).get("/?language=en", headers=headers).text
    panels = {
        label: panel
        for panel in page.split('<article class="unit')[1:]
        for label in re.findall(r"<h2>(.*?) <span", panel)
    }
    told = {
        label: re.findall(r"<h3>Why <small>\((.*?)\)", panel.replace("\xa0", " "))
        for label, panel in panels.items()
    }
    assert told == {
        "Court séjour gériatrique": ["in 4 h"],  # trusted throughout
        "Médecine polyvalente": ["in 8 h"],  # the baseline answers for 4 h
        "Chirurgie viscérale et digestive": ["in 4 h"],  # the baseline answers for all: the nearest
        "Soins intensifs de cardiologie": ["in 4 h"],  # none is trusted
    }
    assert "9 patients in the ED" in panels["Médecine polyvalente"]
    assert "Baseline" not in panels["Médecine polyvalente"]
    assert "Baseline" in panels["Chirurgie viscérale et digestive"]


@pytest.mark.parametrize(
    ("now", "before", "ahead", "marks"),
    [
        ("2025-11-03 03:40", 48, 72, ["02/11", "03/11", "04/11", "05/11", "06/11"]),
        ("2025-10-26 12:00", 48, 72, ["25/10", "26/10", "27/10", "28/10", "29/10"]),  # a day of 25 hours
        ("2025-03-30 12:00", 48, 72, ["29/03", "30/03", "31/03", "01/04", "02/04"]),  # and one of 23
        ("2025-11-03 12:00", 48, 240, ["03/11", "05/11", "07/11", "09/11", "11/11", "13/11"]),
        ("2025-11-03 03:40", 12, 24, ["03/11", "04/11"]),
        ("2025-11-03 03:40", 12, 23, ["18 h", "0 h", "6 h", "12 h", "18 h", "0 h"]),
        ("2025-10-26 12:00", 12, 12, ["6 h", "12 h", "18 h", "0 h"]),
        ("2025-03-30 03:30", 2, 3, ["1 h", "3 h", "4 h", "5 h", "6 h"]),  # there is no 2 o'clock
    ],
)
def test_the_time_axis_is_marked_in_days_or_in_hours(
    now: str, before: int, ahead: int, marks: list[str]
) -> None:
    """Local midnights from a day and a half on, wall-clock hours below; a clock change moves neither."""
    at = datetime.fromisoformat(now).replace(tzinfo=PARIS)
    history = UnitHistory("U", (instant(at) - before * HOUR,), (20.0,), None)
    picture = unit_picture(history, [_forecast(at, ahead)], instant(at), PARIS, "fr")
    assert re.findall(r'text-anchor="middle"[^>]*>(\d[^<]*)<', picture.replace("\xa0", " ")) == marks


def _forecast(at: datetime, hours: int) -> BedForecast:
    explanation = Explanation(
        unit="beds", reference="typical", base=20, contributions=(), other=0, adjustments=(), reasons=()
    )
    return BedForecast(
        unit="U",
        horizon_hours=hours,
        target_at=at + timedelta(hours=hours),
        beds=Quantiles(p10=18, p50=20, p90=22),
        staffed=None,
        tension_probability=None,
        explanation=explanation,
        trust=Trust(status="trusted"),
    )


def test_a_unit_may_be_called_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is text on the page, and never markup."""
    hostile = tuple(replace(u, label="<script>alert(1)</script>") for u in serving_fakes.UNITS)
    monkeypatch.setattr(serving_fakes, "UNITS", hostile)
    parts, tokens = make_parts(tmp_path / "home")
    page = InProcess(parts).get("/", headers={"authorization": f"Bearer {tokens['operator']}"}).text
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == len(hostile)
    assert "<script" not in page
