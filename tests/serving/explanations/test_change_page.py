"""The page that says what has changed: the reasons that the API gives, linked from the start page and the unit's."""

import html
import re
from dataclasses import replace

import pytest
from sqlalchemy import delete

from hospital.times import DAY, HOUR, moment
from registry.record.database import writing
from registry.record.tables.record_tables import observations
from serving.messages.forecast_protocol import LoadedModel
from serving.releases.releases_in_use import Releases
from tests.support.serving_fakes import FakeReleases
from tests.support.ward_census import END, WardService


def _page(service: WardService, path: str, status: int = 200) -> str:
    headers = {"authorization": f"Bearer {service.tokens['operator']}"}
    response = service.client.get(path, headers=headers)
    assert response.status_code == status, response.text
    return html.unescape(response.text)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_it_shows_what_the_api_answers(service: WardService, language: str) -> None:
    """Every reason of the difference, and the median that they lead to."""
    at = moment(END - DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = _page(service, f"/changes?language={language}&unit=B&hours=24.0&since={at}")
    explain = {"reference": {"at": at}, "language": language}
    (made,) = service.beds("B", explain=explain)["forecasts"]
    listed = re.findall(r"<li>(.*?)</li>", shown)
    assert listed == made["explanation"]["reasons"]
    assert {"fr": "Ce qui a changé depuis", "en": "What has changed since"}[language] in shown


@pytest.mark.parametrize(("language", "name"), [("fr", "Salle B"), ("en", "Ward B")])
def test_a_unit_has_its_name_of_the_readers_language(
    service: WardService, release: LoadedModel, language: str, name: str
) -> None:
    """Where the hospital gave one in each."""
    units = tuple(replace(u, label_fr=f"Salle {u.unit}", label_en=f"Ward {u.unit}") for u in release.units)
    loaded = replace(release, units=units)
    service.parts.releases = Releases(FakeReleases({"bed-demand": loaded, "wait-time": None}))
    at = moment(END - DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = _page(service, f"/changes?language={language}&unit=B&hours=24.0&since={at}")
    assert name in shown


def test_the_start_page_leads_to_it(service: WardService) -> None:
    """To a whole hour of the hospital's clock, about three hours ago, which the page answers."""
    start = _page(service, "/?language=fr")
    (address, *_) = re.findall(r'href="(/changes\?[^"]+)"', start)
    assert "Ce qui a changé depuis" in start
    assert "</li>" in _page(service, address)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_of_a_unit_says_what_has_changed(service: WardService, language: str) -> None:
    """Of the first forecast that it shows, since a whole hour about three hours ago: what the API answers of then."""
    shown = _page(service, f"/pilotage/unit?language={language}&unit=B")
    (part,) = re.findall(r'<details id="changed">(.*?)</details>', shown, re.DOTALL)
    then = moment(END - 3 * HOUR)  # the clock stands at two o'clock: the evening before
    (made,) = service.beds("B", explain={"reference": {"at": then.isoformat()}, "language": language})[
        "forecasts"
    ]
    assert re.findall(r"<li>(.*?)</li>", part) == made["explanation"]["reasons"]
    words = {
        "fr": "Ce qui a changé depuis la prévision faite le",
        "en": "What has changed since the forecast",
    }
    assert words[language] in part
    assert re.search(r'class="sum".*<strong>.*</strong>', part)


def test_a_page_of_a_unit_without_a_record_of_then_stands_without_it(service: WardService) -> None:
    """Nothing was received of that time: the page says all else."""
    with writing(service.parts.engine) as connection:
        received = observations.c.received_at
        connection.execute(delete(observations).where(received < END - 4 * HOUR))
    shown = _page(service, "/pilotage/unit?language=fr&unit=B")
    assert 'id="changed"' not in shown
    assert "Ce qui a changé" not in shown


@pytest.mark.parametrize(
    ("query", "status"),
    [("since=x", 422), ("since=2099-01-01T00:00Z", 422), ("since=2024-10-01T00:00Z", 422)],
)
def test_a_page_that_nothing_can_be_said_on_is_a_problem(
    service: WardService, query: str, status: int
) -> None:
    """No time, one that lies ahead, a horizon and a unit that the release does not know."""
    _page(service, f"/changes?unit=nowhere&hours=5&{query}", status)
