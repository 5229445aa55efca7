"""The start page's panels: which horizon is explained, and how the picture's time axis is marked."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import select

from hospital.times import HOUR, MINUTE, instant
from registry.record.journal import entries
from registry.record.tables.record_tables import predictions
from serving.gateway.service_parts import Parts
from serving.http.authentication import entry_link
from serving.messages.forecast_parts import Explanation, Quantiles, Trust
from serving.messages.forecast_protocol import UnitHistory
from serving.messages.forecast_records import BedForecast
from serving.pages.forecast_picture import unit_picture
from serving.pages.unit_panels import warnings_by_horizon
from serving.releases.releases_in_use import Releases
from tests.support import serving_fakes
from tests.support.serving_fakes import FakeReleases, InProcess, loaded, make_parts

PARIS = ZoneInfo("Europe/Paris")


def test_the_reasons_shown_are_those_of_the_first_trusted_horizon(quick_path: Path) -> None:
    """Where the baseline answers first, the model's reasons are given, and the heading says of when."""
    parts, tokens = make_parts(quick_path / "home")
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
    assert "Baseline: as now" not in panels["Médecine polyvalente"]
    assert "Baseline: as now" in panels["Chirurgie viscérale et digestive"]


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


def test_a_unit_may_be_called_anything(quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is text on the page, and never markup."""
    hostile = tuple(replace(u, label="<script>alert(1)</script>") for u in serving_fakes.UNITS)
    monkeypatch.setattr(serving_fakes, "UNITS", hostile)
    parts, tokens = make_parts(quick_path / "home")
    page = InProcess(parts).get("/", headers={"authorization": f"Bearer {tokens['operator']}"}).text
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == len(hostile)
    assert "<script" not in page


@pytest.fixture
def service(quick_path: Path) -> Iterator[tuple[Parts, dict[str, str], InProcess]]:
    """Fake parts over a real database, their tokens, and who asks them."""
    parts, tokens = make_parts(quick_path / "home")
    yield parts, tokens, InProcess(parts)
    parts.workers.close()
    parts.engine.dispose()


def _recorded(parts: Parts) -> int:
    with parts.engine.connect() as connection:
        return len(connection.execute(select(predictions.c.prediction_id)).all())


def _journaled(parts: Parts) -> list[str]:
    with parts.engine.connect() as connection:
        return [e.action for e in entries(connection)]


def test_a_page_left_open_adds_nothing_to_the_record_every_minute(
    service: tuple[Parts, dict[str, str], InProcess],
) -> None:
    """What it shows is recorded once a quarter of an hour, and always what is recorded."""
    parts, tokens, client = service
    headers = {"authorization": f"Bearer {tokens['operator']}"}
    first = client.get("/?language=fr", headers=headers).text
    assert 'content="60;url=/?language=fr&amp;renewed=1"' in first
    once = _recorded(parts)
    assert once > 0
    for _ in range(14):
        parts.clock.instant += MINUTE  # type: ignore[attr-defined]
        for path in ("/?language=fr&renewed=1", "/?language=fr"):
            page = client.get(path, headers=headers).text
            assert page.replace("&amp;renewed=1", "") == first.replace("&amp;renewed=1", "")
    assert _recorded(parts) == once
    for _ in range(20):
        parts.clock.instant += 5 * MINUTE  # type: ignore[attr-defined]
        client.get("/?language=fr&renewed=1", headers=headers)
    assert _recorded(parts) == 8 * once  # at first, and after 19, 34 … minutes, and not after each
    ids = re.findall(r"prediction_id=([0-9a-f]{24})", client.get("/", headers=headers).text)
    assert len(ids) == once - 4  # the hospital total at four horizons is shown on the page Pilotage
    for prediction_id in ids[:3]:
        found = client.get(f"/v1/predictions/{prediction_id}", headers=headers)
        assert found.status_code == 200


def test_who_asks_after_something_was_received_gets_new_forecasts(
    service: tuple[Parts, dict[str, str], InProcess],
) -> None:
    """At once; a page that renews itself waits for ten minutes; another release is shown at once by both."""
    parts, tokens, client = service
    headers = {"authorization": f"Bearer {tokens['operator']}"}

    def shown(path: str) -> list[str]:
        return re.findall(r"prediction_id=([0-9a-f]{24})", client.get(path, headers=headers).text)

    first = shown("/?language=fr")
    row = {"unit": "U1", "at": "2025-11-03T02:00:00Z", "occupied": 24}
    parts.clock.instant += MINUTE  # type: ignore[attr-defined]
    client.request("POST", "/v1/observations", json={"census": [row]}, headers=headers)
    assert shown("/?language=fr&renewed=1") == first
    second = shown("/?language=fr")
    assert second != first
    assert shown("/?language=fr&renewed=1") == second
    row["occupied"] = 25
    parts.clock.instant += MINUTE  # type: ignore[attr-defined]
    client.request("POST", "/v1/observations", json={"census": [row]}, headers=headers)
    for _ in range(8):
        parts.clock.instant += MINUTE  # type: ignore[attr-defined]
        assert shown("/?language=fr&renewed=1") == second
    parts.clock.instant += MINUTE  # type: ignore[attr-defined]
    third = shown("/?language=fr&renewed=1")
    assert third != second
    parts.releases = Releases(FakeReleases({"bed-demand": loaded("bed-demand", 2), "wait-time": None}))
    parts.__dict__.pop("forecasts", None)
    assert shown("/?language=fr&renewed=1") != third


def test_trust_and_warnings_stand_at_the_horizon_that_they_are_about(
    service: tuple[Parts, dict[str, str], InProcess],
) -> None:
    """The baseline of four hours is not said of three days; a warning of all horizons names none."""
    _, tokens, client = service
    page = client.get("/?language=fr", headers={"authorization": f"Bearer {tokens['operator']}"}).text
    panels = {
        re.findall(r'data-unit="(.*?)"', panel)[0]: panel for panel in page.split('<article class="unit ')[1:]
    }
    statuses = {u: re.findall(r'<td class="(\w+)" title', panel) for u, panel in panels.items()}
    assert statuses == {
        "U1": ["baseline", "trusted", "trusted", "trusted"],
        "U2": ["baseline"] * 4,
        "U3": ["trusted"] * 4,
        "U4": ["degraded"] * 4,
    }
    assert 'class="trust ' not in "".join(p.split("</article>")[0] for p in panels.values())
    assert "<li>Dernières données reçues il y a 7 h.</li>" in panels["U4"]


def test_a_warning_of_some_horizons_names_them() -> None:
    """Those alone, in their order."""
    now = datetime(2025, 11, 3, 3, 40, tzinfo=PARIS)
    forecasts = [_forecast(now, hours) for hours in (4, 24, 48)]
    late = [replace(f, trust=Trust(status="degraded", warnings=("old", "all"))) for f in forecasts[:2]]
    last = replace(forecasts[2], trust=Trust(status="degraded", warnings=("all",)))
    assert warnings_by_horizon([*late, last]) == [("old", [4, 24]), ("all", [])]


def test_a_panel_says_the_two_worst_warnings_once_each() -> None:
    """Of many horizons with many, those that no other stands before; of these, those of the most horizons."""
    now = datetime(2025, 11, 3, 3, 40, tzinfo=PARIS)
    said = [("stale", "x"), ("stale", "y"), ("stale", "y")]
    forecasts = [
        replace(_forecast(now, hours), trust=Trust(status="degraded", warnings=warnings))
        for hours, warnings in zip((4, 24, 48), said, strict=True)
    ]
    assert warnings_by_horizon(forecasts) == [("stale", []), ("y", [24, 48])]


def test_staffed_beds_are_drawn_at_each_horizon() -> None:
    """A line through what is staffed now and then, with both numbers; unknown ones are not drawn."""
    at = datetime(2025, 11, 3, 3, 40, tzinfo=PARIS)
    forecasts = [
        replace(_forecast(at, hours), staffed=staffed)
        for hours, staffed in ((4, 135.0), (24, 130.0), (48, 124.0), (72, None))
    ]
    history = UnitHistory("U", (instant(at) - 48 * HOUR,), (120.0,), 135.0)
    picture = unit_picture(history, forecasts, instant(at), PARIS, "fr")
    line = re.findall(r'<polyline class="staffed" points="(.*?)"', picture)[0].split()
    heights = [float(point.split(",")[1]) for point in line]
    assert len(line) == 5  # from the left edge to now, and three horizons
    assert heights[0] == heights[1] == heights[2] < heights[3] < heights[4]
    words = re.findall(r'class="staffed-words"[^>]*>(.*?)<', picture) or re.findall(
        r">([^<]*)</text>", picture
    )
    assert any("124" in w and "lits armés" in w for w in words)
    assert "135" in words
    unknown = unit_picture(replace(history, staffed=None), forecasts[3:], instant(at), PARIS, "fr")
    assert "staffed" not in unknown


class TestDecisions:
    """The form on which a person decides."""

    def _open(
        self, service: tuple[Parts, dict[str, str], InProcess], role: str = "operator"
    ) -> tuple[str, str]:
        _, tokens, client = service
        headers = {"authorization": f"Bearer {tokens[role]}"}
        page = client.get("/?language=fr", headers=headers).text
        return page, (re.findall(r"prediction_id=([0-9a-f]{24})", page) or [""])[0]

    def _send(
        self, service: tuple[Parts, dict[str, str], InProcess], role: str = "operator", **sent: str
    ) -> httpx.Response:
        _, tokens, client = service
        headers = {"authorization": f"Bearer {tokens[role]}"}
        return client.request("POST", "/decisions", data=sent, headers=headers)

    def test_a_person_decides_with_a_reason(self, service: tuple[Parts, dict[str, str], InProcess]) -> None:
        """From the page to the record: who, what, why, on which prediction, in the journal."""
        parts, tokens, client = service
        _, prediction_id = self._open(service)
        headers = {"authorization": f"Bearer {tokens['operator']}"}
        form = client.get(f"/decisions?prediction_id={prediction_id}", headers=headers).text
        assert f'value="{prediction_id}"' in form
        assert "the operator" in form
        sent = {"prediction_id": prediction_id, "language": "fr", "decision": "override"}
        response = self._send(service, **sent, value="21,5", reason="Deux sorties à midi")
        assert (response.status_code, response.headers["location"]) == (303, "/?language=fr&decided=3")
        (decided,) = client.get("/v1/decisions", headers=headers).json()["decisions"]
        assert (decided["value"], decided["reason"], decided["decided_by"]) == (
            21.5,
            "Deux sorties à midi",
            "the operator",
        )
        assert _journaled(parts)[-1] == "decide"
        again = client.get(response.headers["location"], headers=headers).text
        assert "entrée du journal 3" in again

    def test_what_is_wrong_is_said_and_nothing_written_is_lost(
        self, service: tuple[Parts, dict[str, str], InProcess]
    ) -> None:
        """All faults at once, in the page's language; what was typed stands in the form again, as text."""
        parts, _, _ = service
        _, prediction_id = self._open(service)
        sent = {"prediction_id": prediction_id, "language": "fr", "decision": "accept"}
        response = self._send(service, **sent, value="beaucoup", reason=" ")
        assert response.status_code == 422
        assert "Dire pourquoi" in response.text
        assert "La valeur est un nombre" in response.text
        assert 'value="beaucoup"' in response.text
        for wrong in (
            {"value": "3"},
            {"decision": "perhaps"},
            {"value": "-2", "decision": "override"},
            {"value": "inf"},
        ):
            response = self._send(service, **{**sent, "reason": "<b>x</b>", **wrong})
            assert response.status_code == 422
            assert "&lt;b&gt;x&lt;/b&gt;" in response.text
        assert "decide" not in _journaled(parts)

    def test_who_has_no_name_of_their_own_or_no_such_role_cannot(
        self, service: tuple[Parts, dict[str, str], InProcess], quick_path: Path
    ) -> None:
        """A link opens pages for nobody in particular: it shows how to enter; the board only looks."""
        parts, tokens, client = service
        page, _ = self._open(service, "board")
        assert "/decisions?" not in page
        assert "Pour décider, entrer avec un jeton" in page
        assert self._send(service, "board", decision="accept").status_code == 403
        entered = client.get(entry_link(quick_path / "home", tokens["operator"]))
        cookie = {"cookie": entered.headers["set-cookie"].split(";")[0]}
        assert "/decisions?" not in client.get("/", headers=cookie).text
        _, prediction_id = self._open(service)
        sent = {"prediction_id": prediction_id, "decision": "accept", "reason": "oui"}
        assert client.request("POST", "/decisions", data=sent, headers=cookie).status_code == 403
        assert "decide" not in _journaled(parts)

    def test_a_form_of_another_site_is_refused(
        self, service: tuple[Parts, dict[str, str], InProcess]
    ) -> None:
        """As every form is."""
        _, tokens, client = service
        headers = {"authorization": f"Bearer {tokens['operator']}", "sec-fetch-site": "cross-site"}
        assert client.request("POST", "/decisions", data={"reason": "x"}, headers=headers).status_code == 403
