"""The page Pilotage: what it says first, in which order, what is not known, and that it records nothing by itself."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from centre.flows.answers import UnitBeds
from centre.flows.hospital import flows_of
from centre.pages.unit_tension import UnitTension, tensions, without_forecast
from centre.tension.indices import crowding_indices
from hospital.contracts.tables import TABLES
from hospital.times import MINUTE, moment
from hospital.words.catalogue import has_text
from registry.cards.tension.tension_proof import TensionProof
from registry.record.journal import entries
from serving.gateway.service_parts import Parts
from serving.interface.live_record import LiveRecord
from serving.interface.pages import ShownBeds, ShownUnit
from serving.messages.forecast_protocol import ServedUnit
from serving.messages.judged_tension import JudgedTension
from serving.pages.forecast_sets import MOST_UNITS
from serving.releases.releases_in_use import Releases
from tests.support import serving_fakes
from tests.support.level_policies import POLICY
from tests.support.serving_fakes import NOW, UNITS, FakeReleases, InProcess, loaded, make_parts


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


def test_the_worst_unit_is_said_first_and_stands_first_and_the_unknown_last(quick_path: Path) -> None:
    page = _page(quick_path)
    assert "Look at this first: Court séjour gériatrique, 97% risk" in page
    assert "The risk of 1 unit is not known." in page
    order = [page.index(f'data-unit="{unit}"') for unit in ("U3", "U1", "U2", "U4")]
    assert order[0] == min(order)
    assert order[-1] == max(order)
    assert "/pilotage/unit?language=en&amp;unit=U3" in page
    assert re.search(r'data-stream="/pilotage/live\?seen=[0-9a-f]{16}"', page)
    assert re.findall(r"<script[^>]*>[^<]*", page) == ['<script src="/static/live.js" defer>']
    assert "style=" not in page


def test_what_no_source_gave_is_not_known_and_never_zero(quick_path: Path) -> None:
    page = _page(quick_path, "language=fr")
    unknown = page.count('<dd><span class="unknown">non connu</span></dd>')
    assert unknown == page.count("<dd>") == 16
    assert "À regarder d’abord" in page
    assert "Non montré" not in page


def test_a_number_that_is_not_the_model_s_says_so_where_it_stands(quick_path: Path) -> None:
    """A baseline's and a degraded forecast's, in its cell; one that is trusted says nothing."""
    page = _page(quick_path, "language=fr")
    rows = {unit: page.split(f'data-unit="{unit}"')[1].split("</tr>")[0] for unit in ("U2", "U3", "U4")}
    assert rows["U2"].count('<em class="baseline">Référence</em>') == rows["U2"].count("chance") > 0
    assert rows["U4"].count('<em class="degraded">Prudence</em>') == rows["U4"].count("chance")
    assert "<em" not in rows["U3"]
    assert "avec prudence" not in page
    assert "celle de référence" not in page


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("U2", "Cette prévision est celle de référence, pas celle du modèle."),
        ("U4", "Cette prévision est à prendre avec prudence."),
    ],
)
def test_the_sentence_at_the_top_is_trusted_no_more_than_its_number(
    quick_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, said: str
) -> None:
    """What is to be looked at first rests on a number that the model did not make, or that is degraded."""
    cases = {u.unit: (61.0, 60.0) if u.unit == first else (20.0, 60.0) for u in UNITS}
    monkeypatch.setattr(serving_fakes, "CASES", cases)
    page = _page(quick_path, "language=fr")
    (sentence,) = re.findall(r'<h1 class="first"[^>]*>(.*?)</h1>', page, re.DOTALL)
    assert sentence.endswith(said)


def test_nothing_is_tense(quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_fakes, "CASES", {u.unit: (20.0, 60.0) for u in UNITS})
    assert "Nothing is tense. The highest risk of exceeding staffed beds: 2% (" in _page(quick_path)


def test_units_that_are_too_many_for_the_page_are_counted_as_not_known(
    quick_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody says that nothing is tense while a unit is not looked at."""
    more = tuple(ServedUnit(f"V{i}", f"Unité {i}", "medicine") for i in range(MOST_UNITS - len(UNITS) + 60))
    monkeypatch.setattr(serving_fakes, "CASES", {u.unit: (20.0, 60.0) for u in (*UNITS, *more)})
    beds = replace(loaded("bed-demand"), units=(*UNITS, *more))
    page = _page(quick_path, releases=FakeReleases({"bed-demand": beds, "wait-time": None}))
    assert "Nothing is tense" not in page
    assert (
        "Of the units whose risk is known none is tense. The highest risk of exceeding staffed beds: 2% ("
        in page
    )
    assert "The risk of 60 units is not known." in page


def _without_skill(*horizons: float) -> FakeReleases:
    """A release whose check found skill at some horizons of units alone, and at none of the total."""
    judged = JudgedTension(exceedance=TensionProof(frozenset(horizons)))
    return FakeReleases({"bed-demand": replace(loaded("bed-demand"), judged=judged), "wait-time": None})


@pytest.mark.parametrize(("language", "not_shown"), [("en", "not shown"), ("fr", "non montré")])
def test_a_risk_that_was_not_shown_to_be_better_is_not_shown(
    quick_path: Path, language: str, not_shown: str
) -> None:
    """At horizons without skill no percentage stands, nor in the sentence at the top; beds needed and staffed do."""
    page = _page(quick_path, f"language={language}", releases=_without_skill(4.0)).replace("\xa0", " ")
    row = page.split('data-unit="U3"')[1].split("</tr>")[0]
    cells = re.findall(r'<td role="cell" class="chance.*?</td>', row, re.DOTALL)
    assert ["%" in cell for cell in cells] == [True, False, False, False]
    assert [not_shown in cell for cell in cells] == [False, True, True, True]
    assert all(re.search(r'class="of">\d+/\d+', cell) for cell in cells)
    why = "n’est pas établi" if language == "fr" else "is not established to be better"
    assert why in page.split('class="lead"')[1].split("</p>")[0]
    hospital = page.split('class="hospital"')[1].split("</tr>")[0]
    assert "%" not in hospital
    (sentence,) = re.findall(r'<h1 class="first"[^>]*>(.*?)</h1>', page, re.DOTALL)
    assert "4 h" in sentence  # of all horizons the risk was highest at the farthest, which has no skill


def test_where_no_risk_is_shown_the_page_says_so_first(quick_path: Path) -> None:
    """And neither that nothing is tense nor that nothing is known."""
    page = _page(quick_path, releases=_without_skill())
    (sentence,) = re.findall(r'<h1 class="first"[^>]*>(.*?)</h1>', page, re.DOTALL)
    assert sentence.startswith("No risk is shown: forecasts are not established")
    assert "Nothing is tense" not in page
    assert page.count("risk not shown</span>") == 3  # of U4 it is not known
    assert "%" not in page.split('class="tensions"')[1]


def test_tension_of_no_unit_is_known(quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_fakes, "CASES", {u.unit: (20.0, None) for u in UNITS})
    page = _page(quick_path)
    assert "Tension is not known of any unit." in page
    assert "Nothing is tense" not in page


def test_a_unit_s_name_is_escaped(quick_path: Path) -> None:
    named = tuple(replace(u, label="<b>& ward") for u in UNITS)
    releases = FakeReleases({"bed-demand": replace(loaded("bed-demand"), units=named), "wait-time": None})
    page = _page(quick_path, releases=releases)
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp; ward" in page


def test_a_page_left_open_records_nothing_for_a_day_whatever_is_received(quick_path: Path) -> None:
    """Its forecasts are made anew, since what it shows must be of now; who asks has them recorded."""
    parts, tokens = make_parts(quick_path)
    client, headers = InProcess(parts), {"Authorization": f"Bearer {tokens['operator']}"}
    _get(parts, tokens["operator"], "language=en")

    def entries_now() -> int:
        with parts.engine.connect() as connection:
            return len([e for e in entries(connection) if e.action == "predict"])

    before, asked = entries_now(), len(parts.forecaster.asked)  # type: ignore[attr-defined]
    assert before > 0
    for minute in range(0, 24 * 60, 45):
        parts.clock.instant = NOW + (minute + 1) * MINUTE  # type: ignore[attr-defined]
        at = moment(parts.clock.now()).isoformat()
        row = {"unit": "U1", "at": at, "occupied": 20 + minute % 7}
        answer = client.request("POST", "/v1/observations", json={"census": [row]}, headers=headers)
        assert answer.status_code == 200, answer.text
        _get(parts, tokens["operator"], "language=en&renewed=1")
    assert entries_now() == before
    assert len(parts.forecaster.asked) > asked + 30  # type: ignore[attr-defined]
    _get(parts, tokens["operator"], "language=en")
    assert entries_now() > before


def test_a_screen_left_open_shows_no_forecast_that_does_not_add_up(quick_path: Path) -> None:
    """What is not recorded is verified like what is."""
    parts, tokens = make_parts(quick_path)
    parts.forecaster.off_by = 1.0  # type: ignore[attr-defined]
    page = _get(parts, tokens["operator"], "language=en&renewed=1")
    assert "data-unit" not in page


def test_a_hundred_units_are_all_shown(quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst first; the start page has the forty tensest, and says where the others are."""
    units = tuple(ServedUnit(f"V{n}", f"Unit {n:02}", "medicine") for n in range(100))
    monkeypatch.setattr(serving_fakes, "CASES", {u.unit: (28.0 + n / 20, 30.0) for n, u in enumerate(units)})
    parts, tokens = make_parts(quick_path)
    releases = FakeReleases({"bed-demand": replace(loaded("bed-demand"), units=units), "wait-time": None})
    parts.releases = Releases(releases)
    page = _get(parts, tokens["operator"], "language=en")
    assert re.findall(r'data-unit="V(\d+)"', page) == [str(n) for n in reversed(range(100))]
    assert "is not known." not in page.split("</h1>")[0]
    start = (
        InProcess(parts).get("/?language=en", headers={"Authorization": f"Bearer {tokens['operator']}"}).text
    )
    assert re.findall(r'data-unit="V(\d+)"', start) == [str(n) for n in range(99, 59, -1)]
    assert "60 more units" in start


def test_levels_are_said_with_what_called_them_and_what_is_not_known(quick_path: Path) -> None:
    """Of the hospital at the top, of each unit in its row."""
    parts, tokens = make_parts(quick_path)
    (quick_path / "levels.toml").write_text(POLICY)
    page = _get(parts, tokens["operator"], "language=en")
    assert re.search("Expected in 4\xa0h \\([0-9]+%\\): Full", page)
    assert "Our levels, version 3" in page
    assert "beds needed beyond staffed beds: not known" in page
    (quick_path / "levels.toml").write_text("name =")
    assert "file of levels has faults" in _get(parts, tokens["operator"], "language=en&renewed=1")


def test_every_code_of_what_is_missing_has_words() -> None:
    """In the catalogue; what an index may lack is read off the indices themselves."""
    parts_missing = {"conditions", "joint_distribution", "probability", "threshold", "value", "unit"}
    parts_missing |= {"staffed", "forecast", "distribution"}
    empty = LiveRecord(NOW, ZoneInfo("Europe/Paris"), dict.fromkeys(TABLES, ()))
    inputs = {m for i in crowding_indices(empty, flows_of(empty)) if i.name != "BJML" for m in i.missing}
    assert len(inputs) > 12
    assert [m for m in sorted(parts_missing | inputs) if not has_text(f"levels.missing.{m}")] == []


def test_more_patients_than_staffed_beds_now_come_before_what_is_probable() -> None:
    def now(unit: str, occupied: float, staffed: float | None) -> UnitBeds:
        return UnitBeds(
            label_fr=None,
            label_en=None,
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


def test_a_unit_that_the_release_does_not_know_stands_last_and_the_total_says_so(tmp_path: Path) -> None:
    """Its patients count among those present, and nobody forecasts it: it is named, and is not left out."""
    parts, tokens = make_parts(tmp_path / "home")
    client, headers = InProcess(parts), {"authorization": f"Bearer {tokens['operator']}"}
    entered = (moment(NOW) - timedelta(hours=1)).isoformat()
    rows = {
        "units": [{"unit": "NEW", "label": "Unité nouvelle"}],
        "stays": [
            {"stay_id": "s1", "unit": "NEW", "entered_at": entered, "source": "transfer"},
            {
                "stay_id": "s2",
                "unit": "U1",
                "entered_at": entered,
                "left_at": moment(NOW).isoformat(),
                "source": "transfer",
            },
        ],
    }
    assert client.request("POST", "/v1/observations", json=rows, headers=headers).status_code == 200
    parts.forecaster.unlearned = {"NEW": 1.0}  # type: ignore[attr-defined]
    page = client.get("/pilotage?language=fr", headers=headers).text
    last = page[page.index('data-unit="NEW"') :]
    assert "Unité nouvelle" in last
    assert "pas de prévision : le modèle ne connaît pas cette unité" in re.sub(r"\s", " ", last)
    assert "data-unit" not in last[20:]
    assert "la prévision est sans 1 unité" in re.sub(r"\s", " ", page)
    assert "pas de prévision" not in page[: page.index('data-unit="NEW"')]
    own = client.get("/pilotage/unit?unit=NEW&language=fr", headers=headers).text
    assert "le modèle ne connaît pas cette unité" in own
    assert "Les mêmes chiffres que l’image" not in own
    assert 'id="why"' not in own


def test_a_closed_unit_is_not_beyond_its_staffed_beds() -> None:
    """Whoever is still in it: it is listed as closed, and does not stand first."""
    beds = UnitBeds(
        unit="U1", label="U1", label_fr=None, label_en=None, group="", occupied=43.0, staffed=0.0, free=-43.0,
        waiting=0.0, closed=True, closure_reason="works", expected_discharges_today=None, overdue_discharges=None,
    )  # fmt: skip
    rows = [
        UnitTension("U1", "U1", now, (), None) for now in (beds, beds.model_copy(update={"closed": False}))
    ]
    assert [row.over for row in rows] == [False, True]


def test_what_the_forecaster_misses_and_new_beds_have_no_forecast() -> None:
    """One rule says who is missing, here and in the sum; new beds are listed before anybody is in them."""
    beds = UnitBeds(
        unit="U1", label="U1", label_fr=None, label_en=None, group="", occupied=0.0, staffed=12.0, free=12.0,
        waiting=0.0, closed=False, closure_reason=None, expected_discharges_today=None, overdue_discharges=None,
    )  # fmt: skip
    closed = beds.model_copy(update={"closed": True})
    nobody = beds.model_copy(update={"staffed": 0.0})
    assert without_forecast([beds], [], ["other"]) == ["U1"]
    assert without_forecast([beds], ["U1", "U0"], ["other"]) == ["U0", "U1"]
    assert without_forecast([closed, nobody], [], ["other"]) == []
    assert without_forecast([closed], ["U1"], ["other"]) == ["U1"]
    assert without_forecast([beds], ["U1"], []) == []


def test_pilotage_and_the_start_page_miss_the_same_units(quick_path: Path) -> None:
    """Also one that no row of the last days names, and one of which the hospital gave the id alone."""
    parts, tokens = make_parts(quick_path)
    parts.forecaster.unlearned = {"NEW": 3.0, "SILENT": None}  # type: ignore[attr-defined]
    page = _get(parts, tokens["operator"], "language=en")
    assert re.findall(r'data-unit="(NEW|SILENT)"', page) == ["NEW", "SILENT"]
    assert "forecast without 2 units that the model does not know" in page.replace("\xa0", " ")
    headers = {"Authorization": f"Bearer {tokens['operator']}"}
    start = InProcess(parts).get("/?language=en", headers=headers).text
    named = re.findall(r'id="unknown-units"><strong>(.*?)</strong>', start)[0]
    assert "NEW" in named
    assert "SILENT" in named


@pytest.mark.parametrize(
    ("language", "first", "unit", "tile"),
    [
        ("fr", "5 patients et aucun lit armé maintenant", "(aucun lit armé)", "<dt>De trop</dt><dd>5</dd>"),
        ("en", "5 patients and no staffed bed now", "(no staffed bed)", "<dt>Too many</dt><dd>5</dd>"),
    ],
)
def test_no_staffed_bed_and_too_many_patients_are_said_as_people_speak(
    quick_path: Path, language: str, first: str, unit: str, tile: str
) -> None:
    """Not "0 staffed beds", nor a negative number of free ones."""
    parts, tokens = make_parts(quick_path)
    client, headers = InProcess(parts), {"authorization": f"Bearer {tokens['operator']}"}
    rows = {"census": [{"unit": "U1", "at": moment(NOW).isoformat(), "occupied": 5, "staffed": 0}]}
    assert client.request("POST", "/v1/observations", json=rows, headers=headers).status_code == 200
    page = _plain(_get(parts, tokens["operator"], f"language={language}"))
    assert first in page
    assert tile in page.replace(" </dt>", "</dt>")
    own = _plain(client.get(f"/pilotage/unit?unit=U1&language={language}", headers=headers).text)
    assert unit in own


def _plain(page: str) -> str:
    return page.replace("\xa0", " ").replace("\u202f", " ")
