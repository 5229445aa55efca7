"""A unit's page: its fan chart, figures as text, reasons that add up as written, levels and the place for decisions."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from registry.cards.tension.tension_proof import TensionProof
from serving.messages.forecast_protocol import ServedUnit
from serving.messages.judged_tension import JudgedTension
from serving.releases.releases_in_use import Releases
from tests.support import serving_fakes
from tests.support.level_policies import POLICY
from tests.support.serving_fakes import FakeReleases, InProcess, loaded, make_parts


def _unit(home: Path, unit: str = "U3", language: str = "en", status: int = 200) -> str:
    parts, tokens = make_parts(home)
    (home / "levels.toml").write_text(POLICY)
    answer = InProcess(parts).get(
        f"/pilotage/unit?language={language}&unit={unit}",
        headers={"Authorization": f"Bearer {tokens['operator']}", "accept": "text/html"},
    )
    assert answer.status_code == status, answer.text
    return answer.text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize("unit", ["U1", "U2", "U3", "U4"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_reasons_add_up_as_they_are_written(quick_path: Path, unit: str, language: str) -> None:
    """Of every horizon: start, reasons, the others together and each step make the median, to the tenth shown."""
    page = _unit(quick_path, unit, language)
    tables = re.findall(r'<table class="sum">(.*?)</table>', page, re.DOTALL)
    assert len(tables) == 4
    for table in tables:
        numbers = [
            Decimal(n.replace("\u2212", "-").replace(",", ".").replace("+", ""))
            for n in re.findall(r"<td>([+\u2212-]?[\d.,]+) (?:lit|bed)", table)
        ]
        assert len(numbers) >= 4
        assert sum(numbers[:-1]) == numbers[-1], table
        _groups_are_their_terms(table)


def _groups_are_their_terms(table: str) -> None:
    """What stands beside a group is the sum of what stands beside its features, as written."""
    group, terms, compared = Decimal(0), Decimal(0), 0
    for kind, part, number in re.findall(
        r'<tr class="(group|of-group|total)">.*?<td( class="part")?>([^ ]+) ', table
    ):
        value = Decimal(number.replace("\u2212", "-").replace(",", ".").replace("+", ""))
        if kind == "of-group":
            terms += value
            continue
        assert group == terms
        # A group with nothing to name stands alone, and is itself a term of the sum.
        group, terms, compared = value if part else Decimal(0), Decimal(0), compared + 1
    assert compared == 3  # two groups, and the total after them


@pytest.mark.parametrize("language", ["en", "fr"])
def test_reasons_are_sentences_above_the_sum(quick_path: Path, language: str) -> None:
    """Those that the forecast has, in the language of the page, before the table that adds up."""
    page = _unit(quick_path, "U3", language)
    for part in page.split('<details id="why-')[1:]:
        said = re.findall(r'<ul class="reasons">(.*?)</ul>', part, re.DOTALL)[0]
        assert re.findall("<li>(.+?)</li>", said)
        assert part.index('<ul class="reasons">') < part.index('<table class="sum">')


def test_the_picture_has_its_figures_as_text_with_staffed_beds_at_each_horizon(quick_path: Path) -> None:
    """Who does not see the fan chart reads the same of it."""
    page = _unit(quick_path)
    assert page.count('<svg class="picture"') == 1
    assert 'role="img"' in page
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", page.split("<caption>")[1], re.DOTALL)
    assert [r[0] for r in rows[:4]] == ["4 h", "8 h", "24 h", "3 d"]
    assert all("<td>30</td>" in cells for _, cells in rows[:4])


def test_what_is_not_known_of_a_unit_is_not_known(quick_path: Path) -> None:
    """U4's staffed beds are not known, and so is its risk."""
    page = _unit(quick_path, "U4", "fr")
    assert "non connu" in page
    assert "0 %" not in page.split('<table class="figures">')[1].split("</table>")[0]


def test_level_recommendation_and_protocol_have_their_place(quick_path: Path) -> None:
    """Also where there is none."""
    page = _unit(quick_path)
    assert re.search(r"Expected in 4 h \([0-9]+%\): Full", page)
    assert 'id="recommendations"' in page
    assert '<a href="/decide?language=en">' in page
    assert "No protocol in force is called by these levels." in page


def test_an_unknown_unit_is_said_so(quick_path: Path) -> None:
    """And no page of nothing."""
    _unit(quick_path, "U9", status=404)


def test_a_unit_that_the_page_has_no_room_for_is_not_called_unknown(
    quick_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model knows it, though the page shows two hundred units and nothing was received of this one."""
    units = tuple(ServedUnit(f"V{n}", f"Unit {n}", "medicine") for n in range(201))
    monkeypatch.setattr(serving_fakes, "CASES", {u.unit: (28.0, 30.0) for u in units})
    parts, tokens = make_parts(quick_path)
    parts.releases = Releases(
        FakeReleases({"bed-demand": replace(loaded("bed-demand"), units=units), "wait-time": None})
    )
    answer = InProcess(parts).get(
        "/pilotage/unit?language=en&unit=V200", headers={"Authorization": f"Bearer {tokens['operator']}"}
    )
    assert answer.status_code == 200
    assert "Unit 200" in answer.text
    assert "the hospital has more units than it shows" in answer.text
    assert "does not know this unit" not in answer.text


def test_a_risk_without_skill_is_not_shown(quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table says so at its horizon, and the page why; at the others the percentages stand."""
    whole = _unit(quick_path)
    table = whole.split('<table class="figures">')[1].split("</table>")[0]
    assert (table.count("%"), table.count("not shown"), whole.count("Not shown")) == (4, 0, 0)
    judged = JudgedTension(exceedance=TensionProof(frozenset({4.0})))
    monkeypatch.setattr(serving_fakes, "PROVEN", judged)
    page = _unit(quick_path / "other")
    table = page.split('<table class="figures">')[1].split("</table>")[0]
    assert (table.count("%"), table.count('class="not-shown">not shown')) == (1, 3)
    assert "Not shown: the forecast of the risk is not established" in page
