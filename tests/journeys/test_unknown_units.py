"""Patients of a unit that nobody knows: named when they are received, and missed aloud by what is forecast."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from hospital.times import moment
from tests.support.small_demo import Service, SmallDemo

HOSPITAL = {"units": [], "horizons_hours": [24], "hospital": True, "explain": {"language": "en"}}


@pytest.fixture
def service(small_demo: SmallDemo, tmp_path: Path) -> Iterator[Service]:
    """A service on a copy of the home."""
    found = small_demo.copied(tmp_path / "home").service()
    yield found
    found.close()


def _now(service: Service) -> datetime:
    return moment(service.parts.clock.now())


def _stays(service: Service, unit: str, count: int) -> list[dict[str, Any]]:
    entered = (_now(service) - timedelta(hours=20)).isoformat()
    rows = [{"stay_id": f"{unit} {i}", "unit": unit, "entered_at": entered} for i in range(count)]
    return [{**row, "source": "elective"} for row in rows]


def _units(service: Service) -> list[str]:
    return [u.unit for u in service.parts.releases.current("bed-demand").units]


def _hospital(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = service.ask("/v1/bed-demand", HOSPITAL)["hospital"][0]
    return found


def test_stays_of_an_unknown_ward_are_named_and_degrade_the_total(service: Service) -> None:
    """In the answer to the POST with rows and patients; in the total's warning until the model knows the unit."""
    assert _hospital(service)["trust"] == {"status": "trusted", "warnings": []}
    body = {"stays": [*_stays(service, "NEW-WARD", 60), *_stays(service, _units(service)[0], 1)]}
    for _ in range(2):  # sent again it is as unknown as before
        sent = service.ask("/v1/observations", body)
        assert sent["unknown_units"] == [{"unit": "NEW-WARD", "rows": 60, "patients": 60}]
    warning = (
        "Units missing from the sum, which the model or the table of units does not know: "
        "NEW-WARD (60\u00a0patients)."
    )
    total = _hospital(service)
    assert (total["trust"]["status"], warning in total["trust"]["warnings"]) == ("degraded", True)
    assert "NEW-WARD" not in [u["unit"] for u in total["units"]]
    listed = service.ask("/v1/observations", {"units": [{"unit": "NEW-WARD", "label": "New"}]})
    assert listed["unknown_units"] == []
    assert warning in _hospital(service)["trust"]["warnings"]


def test_patients_who_left_or_were_moved_to_a_known_ward_are_missed_no_longer(service: Service) -> None:
    """A correction of the unit's name ends the warning."""
    rows = _stays(service, "OLD NAME", 3)
    service.ask("/v1/observations", {"stays": rows})
    assert "OLD NAME (3\u00a0patients)" in _hospital(service)["trust"]["warnings"][-1]
    left = (_now(service) - timedelta(minutes=1)).isoformat()
    corrected = [{**rows[0], "left_at": left}, *({**row, "unit": _units(service)[0]} for row in rows[1:])]
    assert service.ask("/v1/observations", {"stays": corrected})["unknown_units"] == [
        {"unit": "OLD NAME", "rows": 1, "patients": 0}
    ]
    assert not [w for w in _hospital(service)["trust"]["warnings"] if "OLD NAME" in w]


@pytest.mark.parametrize("path", ["/", "/monitoring"])
def test_the_pages_say_which_units_are_in_no_forecast(service: Service, path: str) -> None:
    """By name and patients, with what to do, in both languages; nothing before, and nothing once it is mended."""

    def said(language: str) -> str:
        page = service.page(f"{path}?language={language}")
        block = page.partition('id="unknown-units">')[2].partition("</p>")[0]
        return unescape(re.sub("<[^>]*>", "", block)).replace("\u00a0", " ").replace("\u202f", " ")

    assert (said("fr"), said("en")) == ("", "")
    rows = _stays(service, "A <b>", 2)
    service.ask("/v1/observations", {"stays": [*_stays(service, "NEW-WARD", 60), *rows]})
    assert "2 unités reçues ne sont dans aucune prévision" in said("fr")
    assert "NEW-WARD (60 patients), A <b> (2 patients)." in said("fr")
    assert "correct the name in the program that sends it" in said("en")
    known = _units(service)[0]
    moved = [{**row, "unit": known} for row in [*_stays(service, "NEW-WARD", 60), *rows]]
    service.ask("/v1/observations", {"stays": moved})
    assert said("en") == ""


@pytest.mark.parametrize("padded", ["{} ", " {}", "\u00a0{}", "{}\u2003"])
def test_a_name_with_blanks_around_it_is_the_name(service: Service, padded: str) -> None:
    """In what is received and in what is asked; decomposed letters too."""
    unit = _units(service)[0]
    before = service.ask("/v1/bed-demand", {"units": [unit], "horizons_hours": [24]})["forecasts"][0]
    sent = service.ask("/v1/observations", {"stays": _stays(service, padded.format(unit), 9)})
    assert sent["unknown_units"] == []
    body = {"units": [padded.format(unit)], "horizons_hours": [24], "explain": {"top": 1000}}
    after = service.ask("/v1/bed-demand", body)["forecasts"][0]
    (now,) = [c for c in after["explanation"]["contributions"] if c["feature"] == "demand_now"]
    assert after["unit"] == unit
    assert after["explanation"]["base"] > before["explanation"]["base"] + 5
    assert now["value"] >= 9
    e_acute = service.ask("/v1/observations", {"stays": _stays(service, "Me\u0301decine", 1)})
    assert e_acute["unknown_units"][0]["unit"] == "M\u00e9decine"


def test_every_table_that_names_a_unit_is_looked_at(service: Service) -> None:
    """Census, planned operations, staffed beds, a bed that a visit waits for, and the department of a visit."""
    at, ahead = _now(service).isoformat(), (_now(service) + timedelta(days=1)).isoformat()
    visit = {"visit_id": "v", "arrived_at": at, "department": "ED9", "bed_requested_at": at}
    body = {
        "census": [{"unit": "C", "at": at, "occupied": 7, "waiting": 2}],
        "operations": [{"operation_id": "o", "unit": "O", "booked_at": at, "planned_at": ahead}],
        "staffing": [
            {"at": at, "unit": "S", "role": "bed", "count": 3},
            {"at": at, "unit": "ED", "role": "doctor", "count": 3},
        ],
        "visits": [{**visit, "destination_unit": "D"}],
    }
    assert service.ask("/v1/observations", body)["unknown_units"] == [
        {"unit": "C", "rows": 1, "patients": 9},
        {"unit": "D", "rows": 1, "patients": 1},
        {"unit": "ED9", "rows": 1, "patients": 1},
        {"unit": "O", "rows": 1, "patients": None},
        {"unit": "S", "rows": 1, "patients": None},
    ]
    warning = _hospital(service)["trust"]["warnings"][-1]
    assert warning.endswith("C (9\u00a0patients), D (1\u00a0patient).")


def test_of_many_unknown_units_the_largest_are_named_and_the_rest_counted(service: Service) -> None:
    """The patients of all of them are there."""
    stays = [row for n in range(1, 9) for row in _stays(service, f"W{n}", n)]
    service.ask("/v1/observations", {"stays": stays})
    warning = _hospital(service)["trust"]["warnings"][-1].replace("\u00a0", " ")
    assert warning.endswith(
        "W8 (8 patients), W7 (7 patients), W6 (6 patients), W5 (5 patients), W4 (4 patients), "
        "3 other units (6 patients)."
    )


def test_a_question_whose_own_rows_name_an_unknown_unit_is_refused(service: Service) -> None:
    """Every such row by its place, the same row twice too; with a known unit's blanks it is that unit."""
    at, unit = _now(service).isoformat(), _units(service)[0]
    rows = [{"unit": u, "at": at, "occupied": 7} for u in (unit, unit, "MEDA", f"{unit} ", "MEDB")]
    refused = service.ask("/v1/bed-demand", {**HOSPITAL, "observations": rows}, 422)
    assert [(e["path"], e["code"]) for e in refused["errors"]] == [
        ("observations[2].unit", "unknown_unit"),
        ("observations[4].unit", "unknown_unit"),
    ]
    assert "MED" not in str(refused)
    body = {"units": [unit], "horizons_hours": [24], "explain": {"language": "en"}}
    (answer,) = service.ask("/v1/bed-demand", {**body, "observations": rows[3:4]})["forecasts"]
    assert answer["explanation"]["reasons"][0].startswith("7 patients now, present or waiting for a bed; by ")


def test_a_visits_id_comes_back_as_it_was_sent(service: Service) -> None:
    """Blanks and all, while what is stored is that of the clean id."""
    visit = {"arrived_at": _now(service).isoformat(), "triage": "3", "department": "ED"}
    visits = [{**visit, "visit_id": sent} for sent in (" 42 ", "42")]
    answer = service.ask("/v1/wait-time", {"visits": visits})["predictions"]
    assert [p["visit_id"] for p in answer] == [" 42 ", "42"]
