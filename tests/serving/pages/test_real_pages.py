"""The start page of a real service with real trained models: every number on it is what the API answers."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import numpy as np
import pytest

from hospital.ingest.hospital_reader import read_hospital
from hospital.times import HOUR, instant, parse_time
from hospital.words.formats import minutes, number, probability
from tests.support.small_demo import HORIZONS, Service, SmallDemo


@pytest.fixture(scope="module")
def service(small_demo: SmallDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on a copy of the home."""
    found = small_demo.copied(tmp_path_factory.mktemp("pages") / "home").service()
    yield found
    found.close()


@pytest.fixture(scope="module")
def page(service: Service) -> str:
    """The start page in French."""
    return unescape(service.page("/?language=fr"))


def _stored(service: Service, prediction_id: str) -> dict[str, Any]:
    response = service.client.get(f"/v1/predictions/{prediction_id}", headers=service.headers)
    found: dict[str, Any] = response.json()
    return found


def _tiles(page: str) -> dict[str, str]:
    tiles = page.split('<article class="wait"')[1:]
    assert tiles
    return {re.findall(r'data-triage="(.*?)"', tile)[0]: tile for tile in tiles}


def _panels(page: str) -> dict[str, str]:
    panels = [p.split("</article>")[0] for p in page.split('<article class="unit ')[1:]]
    assert panels
    return {re.findall(r'data-unit="(.*?)"', panel)[0]: panel for panel in panels}


def _row(panel: str, name: str) -> list[str]:
    row = re.findall(rf'<tr class="{name}">(.*?)</tr>', panel, re.DOTALL)[0]
    return re.findall(r"<td[^>]*>(?:<em[^>]*>)?(.*?)(?:</em>)?</td>", row)


def _id_in(markup: str) -> list[str]:
    return re.findall(r"prediction_id=([0-9a-f]{24})", markup)


def test_one_tile_a_triage_level_that_the_model_was_trained_on(
    service: Service, page: str, small_demo: SmallDemo
) -> None:
    """Those of the hospital's own visits, each with its level, and none without."""
    folder = small_demo.settings.home.parents[0] / "data"
    levels = set(read_hospital(folder, None, b"k").tables["visits"]["triage"].dropna())
    released = service.parts.releases.current("wait-time")
    assert set(released.triage_levels) == levels
    assert list(_tiles(page)) == list(released.triage_levels)
    assert "Sans tri" not in page


def test_every_number_of_the_waits_is_what_the_api_answers(service: Service, page: str) -> None:
    """Asked over HTTP for the patient that the page names, at the moment that it names."""
    released = service.parts.releases.current("wait-time")
    for triage, tile in _tiles(page).items():
        (prediction_id,) = _id_in(tile)
        at = _stored(service, prediction_id)["prediction"]["prediction_time"]
        visit = {"visit_id": "x", "department": "ED", **released.usual_patients["ED"]}
        body = {"visits": [{**visit, "triage": triage, "arrived_at": at, "triaged_at": at}]}
        (asked,) = service.ask("/v1/wait-time", {**body, "explain": {"top": 3, "language": "fr"}})[
            "predictions"
        ]
        wait = asked["wait_minutes"]
        assert re.findall(r"<strong>(.*?)</strong> min", tile) == [number(wait["p50"], "fr")]
        assert f"{number(wait['p10'], 'fr')}–{minutes(wait['p90'], 'fr', 0)}" in tile
        assert re.findall(r'class="trust (\w+)"', tile) == [asked["trust"]["status"]] == ["trusted"]
        assert _listed(_why(tile)) == _without_repetition(_why(tile), asked)
    usual = re.findall(r'class="lead usual">(.*?)</p>', page)
    age = number(released.usual_patients["ED"]["age_years"], "fr")  # type: ignore[arg-type]
    assert usual[0].startswith(f"Patient habituel\u00a0: âge\u00a0: {age}, arrivée\u00a0: ")


def test_every_number_of_the_beds_is_what_the_api_answers(service: Service, page: str) -> None:
    """Medians, ranges, staffed beds, risks and trust, horizon by horizon."""
    units = [u.unit for u in service.parts.releases.current("bed-demand").units]
    panels = _panels(page)
    assert sorted(panels) == units
    at = _stored(service, _id_in(panels[units[0]])[0])["made_at"]
    body = {"units": units, "horizons_hours": list(HORIZONS), "at": at, "explain": {"top": 3}}
    answer = service.ask("/v1/bed-demand", body)["forecasts"]
    for unit, panel in panels.items():
        asked = [f for f in answer if f["unit"] == unit]
        assert _row(panel, "middle") == [number(f["beds"]["p50"], "fr") for f in asked]
        ranges = [f"{number(f['beds']['p10'], 'fr')}–{number(f['beds']['p90'], 'fr')}" for f in asked]
        assert _row(panel, "between") == ranges
        assert _row(panel, "beds") == [number(f["staffed"], "fr") for f in asked]
        assert _row(panel, "risk") == [_risk(service, f) for f in asked]
        statuses = re.findall(
            r'<td class="(\w+)" title', re.findall(r'<tr class="trusts">.*?</tr>', panel)[0]
        )
        assert statuses == [f["trust"]["status"] for f in asked]
        shown = [_stored(service, i)["prediction"]["beds"] for i in _id_in(panel)]
        assert shown == [f["beds"] for f in asked]


def _risk(service: Service, answer: dict[str, Any]) -> str:
    """As the page has it: only where the check showed that it is better than how often it was before."""
    proof = service.parts.releases.current("bed-demand").proven.exceedance
    if not proof.of_unit(answer["unit"], answer["horizon_hours"]):
        return "non montré"
    return probability(answer["tension_probability"], "fr")


def test_the_reasons_shown_add_up_to_the_median_shown(service: Service, page: str) -> None:
    """Start, effects, what is not shown and the calibration: as written, to a rounding each."""
    for tile in _tiles(page).values():
        *reasons, together = re.findall(r"<li.*?>(.*?)</li>", _why(tile))
        start, *effects = [_last_number(r) for r in reasons]
        # Each is rounded to 0.05 where it is below ten, to a half from there on, and may be left out below 0.05.
        rounded = sum(0.5 if abs(v) >= 10 else 0.05 for v in (start, *effects)) + 0.5 + 2 * 0.05
        assert start + sum(effects) == pytest.approx(_last_number(together), abs=rounded)
        assert "Au départ" in reasons[0]


def test_the_reasons_of_a_unit_say_once_what_they_compare_with(service: Service, page: str) -> None:
    """Above the list, with its cases; with it every sentence is the one that the API answers."""
    for unit, panel in _panels(page).items():
        at = _stored(service, _id_in(panel)[0])["made_at"]
        hours = float(re.findall(r"hours=([0-9.]+)", panel)[0])  # whose reasons are shown
        body = {"units": [unit], "horizons_hours": [hours], "at": at, "explain": {"top": 3}}
        (answer,) = service.ask("/v1/bed-demand", body)["forecasts"]
        assert _listed(panel) == _without_repetition(panel, answer)


def test_the_page_of_a_unit_says_what_has_changed(service: Service, page: str) -> None:
    """Why its forecast differs from the one of a whole hour about three hours ago: as the API answers it."""
    unit, panel = next(iter(_panels(page).items()))
    at = _stored(service, _id_in(panel)[0])["made_at"]
    since = re.findall(r"since=([0-9TZ:-]+)", panel)[0]
    assert 3 <= (instant(parse_time(at)) - instant(parse_time(since))) / HOUR < 4
    explain = {"reference": {"at": since}, "language": "fr"}
    body = {"units": [unit], "horizons_hours": list(HORIZONS), "at": at, "explain": explain}
    asked = service.ask("/v1/bed-demand", body)["forecasts"]
    shown = unescape(service.page(f"/pilotage/unit?language=fr&unit={unit}"))
    (part,) = re.findall(r'<details id="changed">(.*?)</details>', shown, re.DOTALL)
    assert re.findall(r"<li>(.*?)</li>", part) in [f["explanation"]["reasons"] for f in asked]
    assert "Ce qui a changé depuis la prévision faite " in part


def _listed(markup: str) -> list[str]:
    """The sentences of the list of reasons."""
    return re.findall(r"<li>(.*?)</li>", markup.split('<ul class="reasons">')[1].split("</ul>")[0])


def _without_repetition(markup: str, answer: dict[str, Any]) -> list[str]:
    """The sentences of an answer, less what the page says once, above their list, of what they compare with."""
    once = re.findall(r"Comparé à ce qu'il en est (d'habitude.*?) \(\d+ cas\)", markup)
    reasons = answer["explanation"]["reasons"]
    assert bool(once) == (sum("d'habitude à" in r or "d'habitude vers" in r for r in reasons) > 1)
    return [r.replace(once[0], "d'habitude") if once else r for r in reasons]


def _why(tile: str) -> str:
    """A tile without how far to rely on its answer."""
    return tile.split('<details class="reliability">')[0]


def _last_number(words: str) -> float:
    plain = re.sub(r"<.*?>", "", words).replace("−", "-").replace(",", ".").replace("\u202f", "")
    return float(re.findall(r"([+-]?\d+(?:\.\d+)?)\u00a0", plain)[-1])


class TestTrust:
    """What a request lacks or is late with is said by its answer."""

    def _ask(self, service: Service, **visit: Any) -> dict[str, Any]:
        usual = service.parts.releases.current("wait-time").usual_patients["ED"]
        row = {"visit_id": "x", "department": "ED", **usual, **visit}
        sent = {name: value for name, value in row.items() if value is not None}
        body = {"visits": [sent], "explain": {"language": "en"}}
        (found,) = service.ask("/v1/wait-time", body)["predictions"]
        answer: dict[str, Any] = found
        return answer

    def _at(self, service: Service, minutes_ago: float = 0) -> str:
        from hospital.times import moment

        return moment(service.parts.clock.now() - int(minutes_ago * 60e6)).isoformat()

    @pytest.mark.parametrize(
        ("lacking", "label"),
        [("triage", "Triage level"), ("age_years", "Age"), ("arrival_mode", "Mode of arrival")],
    )
    def test_what_training_never_lacked_is_out_of_range_when_missing(
        self, service: Service, lacking: str, label: str
    ) -> None:
        """Degraded, with its name; what was often missing may be."""
        at = self._at(service)
        whole = {"triage": "3A", "arrived_at": at, "triaged_at": at}
        assert self._ask(service, **whole)["trust"] == {"status": "trusted", "warnings": []}
        trust = self._ask(service, **{**whole, lacking: None})["trust"]
        assert trust["status"] == "degraded"
        assert label in trust["warnings"][0]
        assert trust["warnings"][0].startswith("Unknown, though nearly always known")

    @pytest.mark.parametrize("level", ["3"])
    def test_a_level_that_training_never_saw_is_out_of_range(self, service: Service, level: str) -> None:
        """Between two that it saw is not among them."""
        at = self._at(service)
        trust = self._ask(service, triage=level, arrived_at=at, triaged_at=at)["trust"]
        assert trust["status"] == "degraded"
        assert "Triage level" in trust["warnings"][0]

    def test_a_mode_of_arrival_or_department_that_training_never_saw(self, service: Service) -> None:
        """Degraded; what was sent is not called unknown: it is what the model has not learned."""
        at = self._at(service)
        for more, first in (
            ({"reason": "something else"}, "Outside all that the model has learned: Reason for the visit."),
            ({"department": "ED2"}, "The model does not know this emergency department: is its name right?"),
        ):
            trust = self._ask(service, triage="4", arrived_at=at, triaged_at=at, **more)["trust"]
            assert (trust["status"], trust["warnings"][0]) == ("degraded", first)
            assert not any("Reason for the visit" in warning for warning in trust["warnings"][1:])

    @pytest.mark.parametrize(
        ("triage", "of"), [("3A", "this urgency"), (None, "all levels"), ("3", "all levels")]
    )
    def test_a_wait_starts_from_what_is_usual_of_its_urgency_where_that_is_known(
        self, service: Service, triage: str | None, of: str
    ) -> None:
        """Without a level that came in training it starts from the waits of all levels, and says so."""
        at = self._at(service)
        reasons = self._ask(service, triage=triage, arrived_at=at, triaged_at=at)["explanation"]["reasons"]
        assert f"for {of}" in reasons[0]

    def test_a_visit_of_yesterday(self, service: Service) -> None:
        """First that its numbers are the wait so far, then of which moment it is, and that this is long ago."""
        at = self._at(service, 24 * 60)
        answer = self._ask(service, triage="4", arrived_at=at, triaged_at=at)
        assert answer["trust"]["status"] == "degraded"
        longer, late = answer["trust"]["warnings"]
        assert "The forecast is of triage, 2024-07-17" in late
        assert "has waited 24\u00a0h already" in longer
        assert instant(parse_time(answer["prediction_time"])) == instant(parse_time(at))

    def test_the_answer_names_the_moment_that_it_is_of(self, service: Service) -> None:
        """The arrival where no triage's time is given, else triage; asked a little later it is still trusted."""
        arrived, triaged = self._at(service, 9), self._at(service, 4)
        for more, moment_of in (({}, arrived), ({"triaged_at": triaged}, triaged)):
            answer = self._ask(service, triage="5", arrived_at=arrived, **more)
            assert instant(parse_time(answer["prediction_time"])) == instant(parse_time(moment_of))
            assert answer["trust"]["status"] == "trusted"

    def test_longer_than_the_median_is_said(self, service: Service) -> None:
        """A patient of triage 2 who is announced an hour and a half after triage."""
        at = self._at(service, 90)
        trust = self._ask(service, triage="2", arrived_at=at, triaged_at=at)["trust"]
        assert (trust["status"], len(trust["warnings"])) == ("degraded", 1)
        assert "longer than the p90 of the forecast of triage" in trust["warnings"][0]

    def test_within_the_interval_only_the_median_is_the_wait_so_far(self, service: Service) -> None:
        """Beyond the p90 all three numbers are one, and no interval at all: it is said of which of the two it is."""
        seen = set()
        for waited in range(5, 120, 5):
            at = self._at(service, waited)
            answer = self._ask(service, triage="2", arrived_at=at, triaged_at=at)
            said, wait = " ".join(answer["trust"]["warnings"]), answer["wait_minutes"]
            if wait["p50"] > waited + 1:
                assert "has waited" not in said
                continue
            which = "median" if wait["p90"] > wait["p50"] else "p90"
            assert f"longer than the {which} " in said
            seen.add(which)
        assert seen == {"median", "p90"}


def test_the_baseline_alone_needs_the_triage_too(service: Service) -> None:
    """A package without trees has learned no range, but what its baseline reads is missed."""
    from dataclasses import replace

    from registry.model.forecast_model import Rows
    from registry.model.scope_fallback import answer

    engine = service.parts.releases.current("wait-time").engine
    assert engine is not None
    X = np.full((2, len(engine.features)), np.nan, np.float32)
    X[1, [f.name for f in engine.features].index("triage")] = 2.0
    zeros, places = np.zeros(2), np.zeros(2, np.int64)
    one = zeros + 1
    rows = Rows(X, places, places, zeros, one, zeros, zeros + 20, places, places, one, one)
    engine.__dict__["manifest"], kept = (
        engine.manifest.model_copy(update={"kind": "baseline"}),
        engine.manifest,
    )
    try:
        found = answer(engine, rows, np.ones(2, bool))
    finally:
        engine.__dict__["manifest"] = kept
    assert found.missing == [("triage",), ()]
    assert found.out_of_range == [(), ()]
    assert replace(found).inside.tolist() == [False, False]
