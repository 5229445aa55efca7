"""The page Pilotage: what it says first, in which order, what is not known, and that it records nothing by itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from centre.flows.answers import UnitBeds
from centre.pages.unit_tension import tensions
from registry.record.journal import entries
from serving.gateway.service_parts import Parts
from serving.interface.pages import ShownBeds, ShownUnit, shown_beds
from serving.releases.releases_in_use import Releases
from tests.support import serving_fakes
from tests.support.serving_fakes import UNITS, FakeReleases, InProcess, loaded, make_parts


def _page(home: Path, query: str = "language=en", releases: FakeReleases | None = None) -> str:
    parts, tokens = make_parts(home)
    if releases is not None:
        parts.releases = Releases(releases)
    return _get(parts, tokens["operator"], query)


def _get(parts: Parts, token: str, query: str) -> str:
    answer = InProcess(parts).get(f"/pilotage?{query}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return answer.text


def test_the_worst_unit_is_said_first_and_stands_first_and_the_unknown_last(tmp_path: Path) -> None:
    page = _page(tmp_path)
    assert "Look at this first: Court séjour gériatrique, 97% risk" in page
    assert "It is not known of 1 unit." in page
    order = [page.index(f'data-unit="{unit}"') for unit in ("U3", "U1", "U2", "U4")]
    assert order[0] == min(order)
    assert order[-1] == max(order)
    assert "#unit-U3" in page
    assert "<script" not in page
    assert "style=" not in page


def test_what_no_source_gave_is_not_known_and_never_zero(tmp_path: Path) -> None:
    page = _page(tmp_path, "language=fr")
    assert page.count("<dd>non connu</dd>") == page.count("<dd>") == 14
    assert "À regarder d’abord" in page


def test_nothing_is_tense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_fakes, "CASES", {u.unit: (20.0, 60.0) for u in UNITS})
    assert "Nothing is tense: at most 2% risk" in _page(tmp_path)


def test_units_that_are_too_many_for_the_page_are_counted_as_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody says that nothing is tense while a unit is not looked at."""
    monkeypatch.setattr(serving_fakes, "CASES", {u.unit: (20.0, 60.0) for u in UNITS})
    monkeypatch.setattr("centre.pages.pilotage.shown_beds", lambda call: replace(shown_beds(call), hidden=60))
    page = _page(tmp_path)
    assert "Nothing is tense" not in page
    assert "Of the units whose risk is known none is tense: at most 2% risk" in page
    assert "It is not known of 60 units." in page


def test_tension_of_no_unit_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_fakes, "CASES", {u.unit: (20.0, None) for u in UNITS})
    page = _page(tmp_path)
    assert "Tension is not known of any unit." in page
    assert "Nothing is tense" not in page


def test_a_unit_s_name_is_escaped(tmp_path: Path) -> None:
    named = tuple(replace(u, label="<b>& ward") for u in UNITS)
    releases = FakeReleases({"bed-demand": replace(loaded("bed-demand"), units=named), "wait-time": None})
    page = _page(tmp_path, releases=releases)
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp; ward" in page


def test_a_page_left_open_records_no_forecast(tmp_path: Path) -> None:
    parts, tokens = make_parts(tmp_path)
    _get(parts, tokens["operator"], "language=en")
    with parts.engine.connect() as connection:
        before = len(list(entries(connection)))
    parts.clock.instant += 60_000_000  # type: ignore[attr-defined]
    _get(parts, tokens["operator"], "language=en&renewed=1")
    with parts.engine.connect() as connection:
        assert len(list(entries(connection))) == before > 0


def test_more_patients_than_staffed_beds_now_come_before_what_is_probable() -> None:
    def now(unit: str, occupied: float, staffed: float | None) -> UnitBeds:
        return UnitBeds(
            unit=unit,
            label=unit,
            group="medicine",
            occupied=occupied,
            staffed=staffed,
            free=None if staffed is None else staffed - occupied,
            waiting=None,
            closed=False,
            closure_reason=None,
            expected_discharges_today=None,
            overdue_discharges=None,
        )

    beds = ShownBeds(0, [ShownUnit(u, u, ()) for u in ("A", "B", "C")], None)
    rows = tensions(beds, {"A": now("A", 9, 9), "B": now("B", 9, None), "C": now("C", 10, 9)})
    assert [(r.unit, r.over) for r in rows] == [("C", True), ("A", False), ("B", False)]
