"""GET /v1/tension: probabilities as forecast, and indices that name what they lack."""

import math
from datetime import timedelta
from pathlib import Path

import pytest

from centre.tension.fedoru import FEDORU
from centre.tension.indices import edwin, nedocs
from tests.support.tension_answers import START, tension

CROWDED = {
    "patients": 40.0,
    "places": 30.0,
    "boarders": 8.0,
    "hospital_beds": 300.0,
    "critical": 2.0,
    "longest_boarding_hours": 10.0,
    "last_wait_hours": 2.0,
}


def ago(minutes: float) -> str:
    """A time before the service's now."""
    return (START - timedelta(minutes=minutes)).isoformat()


def test_nedocs_is_its_published_formula() -> None:
    """Each term by hand: -20 + 114.4 + 16 + 26.8 + 9.3 + 11.28; a term that is swapped gives another number."""
    value, band = nedocs(**CROWDED)
    assert value == pytest.approx(157.78)
    assert band == "severe"
    slopes = {
        "patients": 85.8 / 30,
        "boarders": 600 / 300,
        "critical": 13.4,
        "longest_boarding_hours": 0.93,
        "last_wait_hours": 5.64,
    }
    for name, slope in slopes.items():
        assert nedocs(**{**CROWDED, name: CROWDED[name] + 1})[0] - value == pytest.approx(slope), name


@pytest.mark.parametrize(
    ("value", "band"),
    [
        (20, "not_busy"),
        (20.5, "busy"),
        (60, "busy"),
        (100, "extremely_busy"),
        (140, "overcrowded"),
        (181, "disaster"),
    ],
)
def test_the_bands_of_nedocs_hold_their_upper_ends(value: float, band: str) -> None:
    """A value at a limit is of the quieter band."""
    empty = {**dict.fromkeys(CROWDED, 0.0), "places": 1.0, "hospital_beds": 1.0}
    found, name = nedocs(**{**empty, "critical": (value + 20) / 13.4 * (1 - 1e-12)})
    assert (pytest.approx(value), band) == (found, name)


def test_edwin_has_no_value_where_boarders_fill_every_place() -> None:
    """5 + 4 + 3 + 3 over 2 doctors and 5 places is 1.5: busy from there on."""
    assert edwin(urgency=15, doctors=2, places=7, boarders=2) == (1.5, "busy")
    assert edwin(urgency=14.9, doctors=2, places=7, boarders=2)[1] == "manageable"
    assert edwin(urgency=20.1, doctors=2, places=7, boarders=2)[1] == "crowded"
    for boarders in (7, 8):
        with pytest.raises(ValueError, match="boarders_fill_every_place"):
            edwin(urgency=15, doctors=2, places=7, boarders=boarders)


def test_an_index_without_an_input_names_it_and_is_no_number(quick_path: Path) -> None:
    """Nothing was sent: every input is missing, and none counts as nought."""
    _, answer = tension(quick_path)
    for index in answer["indices"]:
        assert index["value"] is index["band"] is None
        assert set(index["missing"]) == set(index["inputs"])


def test_indices_follow_from_what_was_received(quick_path: Path) -> None:
    """Without anyone's critical state NEDOCS lacks that input alone; EDWIN has its own."""
    rows = {
        "visits": [
            {
                "visit_id": "a",
                "department": "ED",
                "arrived_at": ago(50),
                "triaged_at": ago(45),
                "triage": "2",
            },
            {
                "visit_id": "b",
                "department": "ED",
                "arrived_at": ago(300),
                "triaged_at": ago(290),
                "triage": "3B",
                "seen_at": ago(180),
                "bed_requested_at": ago(120),
            },
            {"visit_id": "c", "department": "ED", "arrived_at": ago(400), "left_at": ago(30)},
        ],
        "stays": [
            {"stay_id": "s", "unit": "M", "entered_at": ago(900), "source": "elective", "left_at": ago(60)}
        ],
        "staffing": [
            {"at": ago(100), "unit": "ED", "role": "place", "count": 6},
            {"at": ago(100), "unit": "ED", "role": "doctor", "count": 2},
            {"at": ago(100), "unit": "M", "role": "doctor", "count": 9},
            {"at": ago(100), "unit": "M", "role": "bed", "count": 20},
        ],
    }
    _, answer = tension(quick_path, rows)
    by_name = {i["name"]: i for i in answer["indices"]}
    assert by_name["NEDOCS"]["missing"] == ["critical"]
    assert by_name["NEDOCS"]["inputs"]["last_wait_hours"] == pytest.approx(2)
    assert by_name["NEDOCS"]["inputs"]["longest_boarding_hours"] == pytest.approx(2)
    assert by_name["EDWIN"]["value"] == pytest.approx((4 + 3) / (2 * (6 - 1)))


def test_probabilities_are_those_of_the_recorded_forecasts_the_most_probable_first(quick_path: Path) -> None:
    """What has no probability comes last; the total is its own forecast and no product."""
    _, answer = tension(quick_path)
    units = answer["units"]
    known = [e["probability"] for e in units if e["probability"] is not None]
    assert known == sorted(known, reverse=True)
    assert all(e["probability"] is None for e in units[len(known) :])
    assert len(known) < len(units) == 4 * 4
    assert [e["horizon_hours"] for e in answer["hospital"]] == [4, 8, 24, 72]
    assert {e["unit"] for e in answer["hospital"]} == {None}
    assert all(e["prediction_id"] for e in (*units, *answer["hospital"]))
    assert math.prod(known) != answer["hospital"][0]["probability"]


def test_a_release_without_a_total_still_has_its_units(quick_path: Path) -> None:
    """And says nothing of the hospital."""
    _, answer = tension(quick_path, broken="total")
    assert answer["hospital"] == []
    assert len(answer["units"]) == 16
    assert answer["unavailable"] is None


def test_without_a_release_the_indices_are_there(quick_path: Path) -> None:
    """Forecasts are unavailable, and the answer says why."""
    _, answer = tension(quick_path, broken="release")
    assert answer["unavailable"] == "release_refused"
    assert (answer["units"], answer["hospital"]) == ([], [])
    assert [i["name"] for i in answer["indices"]] == ["NEDOCS", "EDWIN", "BJML", *FEDORU]
