"""The model card: what the check sealed, as a board reads it."""

import json
import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from hospital.words.language import Language
from registry.cards.card_document import build_card
from registry.cards.card_page import render_html
from registry.cards.finding_text import Words
from registry.cards.report import make_report
from registry.digests import canonical_json
from registry.package.manifest import Manifest
from registry.policy.board_policy import default_policy
from tests.support.installation import Installation
from tests.support.repository import ROOT
from tests.support.sound_facts import waits
from tests.support.synthetic_evidence import Hospital

LANGUAGES: tuple[Language, ...] = ("fr", "en")
_VOID = {"meta", "br"}


class _Reader(HTMLParser):
    """Checks that tags close in order, and gathers what the tests ask for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.tags if name == tag)


def _finding(metric: str, group: str, value: float | None, verdict: str, **more: object) -> dict[str, Any]:
    base = {"interval": None, "threshold": None, "n": 3000, "required": True, "note": ""}
    return {"metric": metric, "group": group, "value": value, "verdict": verdict, **base, **more}


def _report(installation: Installation, verdict: str = "inconclusive") -> dict[str, Any]:
    """A report in which one gate blocks, one is inconclusive and others pass."""
    found = installation.check(installation.register())
    report = found.json("report.json")
    worse = {"interval": [0.09, 0.13], "threshold": 0.06}
    small = {"note": "needs_more_rows", "threshold": 2500.0, "n": 900, "required": False, "lacking": 1600}
    fairness = [
        _finding("mean_outcome", "sex=F", 75.5, "pass", note="reported", required=False),
        _finding("share_above_p50", "sex=F", 0.11, "block", **worse),
        _finding("share_above_p50", "sex=M", -0.01, "pass", interval=[-0.03, 0.01], threshold=0.06),
        _finding("share_above_p50", "age_band=80+", None, "inconclusive", **small),
    ]
    drift = [
        _finding("shift", name, None, "inconclusive", note="too_few_days") for name in ("hour", "arrivals")
    ]
    calibration = [_finding("coverage", "all", 0.82, "pass", interval=[0.8, 0.84], threshold=0.8)]
    report["gates"] += [
        {"name": "drift", "verdict": "inconclusive", "findings": drift},
        {"name": "calibration", "verdict": "pass", "findings": calibration},
        {"name": "fairness", "verdict": "block", "findings": fairness},
    ]
    row = {"horizon_hours": 0.0, "in_scope": True, "n": 2549, "mae": 45.6, "baseline": "usual_hour"}
    row |= {"baseline_mae": 57.3, "gain": [0.217, 0.14, 0.29], "coverage": 0.82, "mean_outcome": 82.0}
    report["performance"] = [row | {"unit_group": group} for group in ("all", "ED")]
    report["verdict"] = verdict
    return report


@pytest.fixture
def card(installation: Installation) -> dict[str, Any]:
    """A card with something of everything."""
    report = _report(installation, "block")
    found = installation.register("2")
    manifest = Manifest.model_validate(found.json("package/manifest.json"))
    return build_card(manifest, report, [("visits", "received_at_missing", "no received_at")])


def _rendered(card: dict[str, Any], language: Language = "en") -> _Reader:
    return _Reader(render_html(card, language))


def test_a_card_is_the_same_bytes_for_the_same_report(card: dict[str, Any]) -> None:
    """The board signs its digest, so it must be JSON with nothing but what was found."""
    again = json.loads(canonical_json(card))
    assert canonical_json(again) == canonical_json(card)
    assert [g["group"] for g in card["groups"]] == ["sex=F", "sex=M", "age_band=80+"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_asks_nothing_of_anywhere(card: dict[str, Any], language: Language) -> None:
    """No script, no request, and no attribute of style, which serving's policy would ignore."""
    page = render_html(card, language)
    reader = _Reader(page)
    assert next(reader.all("html"))["lang"] == language
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in reader.tags}
    names = {name for _, attributes in reader.tags for name in attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"style", "src", "srcset"}
    assert all((a["href"] or "").startswith("#") for a in reader.all("a"))
    assert "url(" not in re.sub(r"url\(#\w+\)", "", page)
    assert "@import" not in page
    assert page.count("<style>") == 1


@pytest.mark.parametrize("note", ["harm_shown", "harm_certain"])
def test_a_group_that_keeps_the_gate_shut_is_named_first(card: dict[str, Any], note: str) -> None:
    """By its own interval, or because that there is a disparity is certain; one that does not decide is not named."""
    named = "disparity is beyond the margin"
    body = json.loads(canonical_json(card))
    women, men = (next(g for g in body["groups"] if g["group"] == f"sex={s}") for s in "FM")
    for group in (women, men):
        for found in group["disparities"]:
            found |= {"verdict": "inconclusive", "note": ""}
    assert named not in _rendered(body).text
    men["disparities"][0] |= {"note": note}
    assert named in _rendered(body).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_can_be_heard(card: dict[str, Any], language: Language) -> None:
    """One first heading, no level skipped, every table's heads named, every picture put in words."""
    reader = _rendered(card, language)
    levels = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch(r"h\d", tag)]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert all(attributes.get("scope") in ("col", "row") for attributes in reader.all("th"))
    assert all(
        attributes.get("role") == "img" and attributes["aria-label"] for attributes in reader.all("svg")
    )
    anchors = {attributes.get("id") for attributes in reader.all("section")}
    assert {(a["href"] or "")[1:] for a in reader.all("a")} <= anchors


def test_the_worst_comes_first(card: dict[str, Any]) -> None:
    """The gate that blocks, then the one that cannot decide, then those that pass; each with its sentence."""
    text = _rendered(card).text
    order = ("Fairness ✗ blocked", "Drift ? inconclusive", "Accuracy ✓ pass", "Calibration ✓ pass")
    places = [text.find(words) for words in order]
    assert places == sorted(places)
    assert min(places) > 0
    assert "Required findings: 2, of which 1 is not favourable" in text
    assert "This version cannot be released, even if approved" in text


def test_findings_that_pass_are_folded(card: dict[str, Any]) -> None:
    """What keeps a gate shut is seen without opening anything."""
    page = render_html(card, "en")
    shown = re.sub(r"(?s)<details.*?</details>", "", page.split('id="verdicts"')[1].split("</section>")[0])
    assert "Sex: women" in shown
    assert "Sex: men" not in shown


def test_a_group_that_went_missing_is_said_so(card: dict[str, Any]) -> None:
    """Not that the interval does not decide: there is none."""
    for gate in card["gates"]:
        for finding in gate["findings"]:
            finding["note"] = "missing_group" if finding["verdict"] == "inconclusive" else finding["note"]
    assert "almost missing from the judged period" in _rendered(card).text


def test_findings_that_measured_nothing_for_one_reason_are_one_row(card: dict[str, Any]) -> None:
    """Fourteen inputs with too few days are one thing to know."""
    assert "Hour, Arrivals a day" in _rendered(card).text


def test_a_verdict_never_speaks_by_colour_alone(card: dict[str, Any]) -> None:
    """Each badge has its word and mark."""
    page = render_html(card, "fr")
    badges = re.findall(r'<span class="verdict \w+"><span aria-hidden="true">(.)</span> ([^<]+)</span>', page)
    assert set(badges) == {("✗", "bloqué"), ("?", "non concluant"), ("✓", "passe")}
    assert page.count('class="verdict ') == len(badges)


def test_the_board_reads_the_very_command(card: dict[str, Any]) -> None:
    """A version that cannot be released is not offered for approval."""
    closed = _rendered(card).text
    assert 'vigie review wait-time 1 --refuse --comment "why" --key your-key.json' in closed
    assert "--approve" not in closed
    assert "vigie review wait-time 1 --approve" in _rendered(card | {"verdict": "pass"}).text


def test_figures_are_those_of_the_report(card: dict[str, Any]) -> None:
    """In minutes, beside the baseline that a spreadsheet could apply, with intervals and counts."""
    text = _rendered(card).text
    for said in ("45.6 min", "57.3 min", "usual at this hour", "+21.7% [14.0%, 29.0%]", "82.0%", "2,549"):
        assert said in text, said
    assert "11.0 pt [9.0 pt, 13.0 pt]" in text.replace("\xa0", " ")


def test_a_card_counts_as_its_language_does() -> None:
    """Singular below two in French, units of its model, days where the hospital is."""
    words = Words.of({"model": "bed-demand", "data": {"zone": "Europe/Paris"}}, "fr")
    assert words.quantity(-0.1) == "\u22120,1\u00a0lit"
    assert words.quantity(2.0, plus=True) == "+2,0\u00a0lits"
    assert words.quantity(None) == "–"
    assert words.t("brief_small", 1) == "1 trop petit pour être jugé"
    assert words.t("brief_small", 2) == "2 trop petits pour être jugés"
    # The second is past midnight in Paris.
    assert words.days(1_700_000_000_000_000, 1_700_005_000_000_000) == "du 14/11/2023 au 15/11/2023"
    lacking = {"note": "needs_more_weeks", "lacking": 1, "verdict": "inconclusive"}
    assert "environ 1 semaine de plus" in words.advice("fairness", lacking)
    assert "environ 3 semaines de plus" in words.advice("fairness", {**lacking, "lacking": 3})


def test_limits_come_from_what_was_found(card: dict[str, Any]) -> None:
    """Groups that are too small and columns that are missing are named; nothing is invented."""
    text = _rendered(card).text
    assert "Groups too small to be judged: Age: 80+." in text
    assert "respiratory rate" in text
    assert "Horizons with too few" not in text
    assert "no time of reception" in text


def test_what_the_report_lacks_is_left_out(card: dict[str, Any]) -> None:
    """No figure stands where none was measured."""
    bare = card | {"performance": [], "groups": [], "gates": [], "scope": []}
    text = _rendered(bare).text
    assert "In brief" not in text
    assert "Reliability of the announced interval" not in text
    assert "The report holds no measured error" in text
    assert "No group was measured" in text


def test_what_happened_since_stands_apart(card: dict[str, Any]) -> None:
    """It is not part of what the board signed."""
    page = render_html(card, "en", later=[("Overridden", "12 of 340 <forecasts>")])
    aside = page.split("<aside")[1].split("</aside>")[0]
    assert "12 of 340 &lt;forecasts&gt;" in aside
    assert "not part of what the board signed" in aside
    assert "<aside" not in render_html(card, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_of_the_hospital_are_text_and_never_markup(card: dict[str, Any], language: Language) -> None:
    """A ward may be called anything."""
    hostile = "<script>alert(1)</script>\"'&"
    changed = json.loads(json.dumps(card).replace('"Urgences"', json.dumps(hostile)))
    changed["groups"][0]["group"] = f"unit={hostile}"
    for disparity in changed["groups"][0]["disparities"]:
        disparity["group"] = f"unit={hostile}"
    changed["gates"][0]["findings"][0]["group"] = hostile
    changed["performance"][1]["unit_group"] = hostile
    changed["data"]["findings"][0] |= {"table": hostile, "code": hostile, "message": hostile}
    changed["data"]["missing"] = [hostile]
    page = render_html(changed, language)
    assert "<script" not in page
    assert hostile in _Reader(page).text


def test_a_card_of_todays_gates_is_in_words(installation: Installation) -> None:
    """Every measure of a real report has a name of its own; intersections and pairs of inputs are named as such."""
    body = make_report(waits(Hospital(unfair=1.3), np.random.default_rng(5)), default_policy()).body
    found = installation.register("2")
    manifest = Manifest.model_validate(found.json("package/manifest.json"))
    card = build_card(manifest, {**_report(installation), "gates": body["gates"]}, [])
    words = Words.of(card, "en")
    for gate in body["gates"]:
        for finding in gate["findings"]:
            name = finding["metric"]
            plain = name.replace("_", " ").capitalize()
            assert Words.of(card, "fr").measure(name) != plain, name
    told = {f["group"]: words.group(f["group"]) for g in body["gates"] for f in g["findings"]}
    assert told["sex=F*age_band=16-39"] == "Sex: women × Age: 16-39"
    assert told["severity ~ pulse"] == "severity ~ pulse"
    page = _rendered(card).text
    assert "at least 0 cases" not in page
    assert "gap to everybody" not in page
    assert "compared with the other patients" in page
    small = next(
        f
        for g in body["gates"]
        for f in g["findings"]
        if f["note"] == "needs_more_rows" and f["value"] is not None
    )
    assert words.limit(small) != words.limit({**small, "value": None})


def test_an_unknown_metric_gate_or_note_is_shown_by_its_name(card: dict[str, Any]) -> None:
    """A policy may know more than the card's words."""
    new = _finding("new_measure", "new_group", 0.5, "block", note="new_note", interval=[0.1, None])
    text = _rendered(card | {"gates": [{"name": "new_gate", "verdict": "block", "findings": [new]}]}).text
    for said in ("new_gate", "New measure", "new group", "0.50"):
        assert said in text, said


def test_the_package_data_names_the_card_templates() -> None:
    """An installed Vigie has them too, and its words."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    data = project["tool"]["setuptools"]["package-data"]
    for package in data:
        for pattern in data[package]:
            if not pattern.startswith("built/"):
                assert list(ROOT.joinpath(*package.split(".")).glob(pattern)), (package, pattern)
    assert "templates/*" in data["registry.cards"]
    assert "templates/*" in data["hospital"]
    assert data["hospital.words"] == ["texts/*.toml"]


@pytest.mark.parametrize(("language", "word"), [("fr", "non démontré"), ("en", "not shown")])
def test_what_is_not_shown_is_no_pass_in_any_word(
    card: dict[str, Any], language: Language, word: str
) -> None:
    """A badge, a fold and a sentence of its own; what a pass had to be able to see stands beside the gate's verdict."""
    drift = [
        _finding(
            "volume_shift", "arrivals", 0.01, "not shown", note="not_shown_power", power=0.97, power_at=0.2
        ),
        _finding("shift", "pulse", 0.1, "not shown", note="not_shown", interval=[-2.0, 2.2], threshold=1.5),
        _finding("missing_shift", "pulse", 0.0, "pass", interval=[-0.1, 0.1], threshold=0.15),
    ]
    page = _Reader(
        render_html(card | {"gates": [{"name": "drift", "verdict": "pass", "findings": drift}]}, language)
    ).text
    words = Words.of(card, language)
    assert page.count(f"~ {word}") == 2
    assert re.sub(r"\s+", " ", words.t("gate_not_shown", 2)) in page
    assert re.sub(r"\s+", " ", words.t("findings_not_shown", 2)) in page
    assert re.sub(r"\s+", " ", words.t("findings_passing", 1)) in page
    for sight in ("20", "97"):
        assert sight in page


_OVERRIDES: dict[str, Any] = {
    "rule": {"share": 0.5, "decisions": 10, "confidence": 0.95},
    "groups": [
        {"group": "medicine", "decided": 14, "overruled": 13, "known": 12, "right": 11}
        | {"low": 0.646, "high": 0.985, "alarm": "a1"},
        {"group": "surgery", "decided": 1, "overruled": 1, "known": 0, "right": 0}
        | {"low": None, "high": None, "alarm": None},
    ],
    "reasons": [
        {"group": "medicine", "unit": "U1", "unit_name": {"fr": "Médecine 1", "en": "Medicine 1"}}
        | {
            "reason_code": "known_better",
            "reason_title": {"fr": "Autre information", "en": "Other information"},
        }
        | {"overruled": 12, "decided": 14, "known": 12, "right": 11, "low": 0.646, "high": 0.985},
        {"group": "medicine", "unit": "U3", "unit_name": {"fr": "Médecine 3", "en": "Medicine 3"}}
        | {"reason_code": "no_staff", "reason_title": {}}
        | {"overruled": 1, "decided": 14, "known": 0, "right": 0, "low": None, "high": None},
    ],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_people_decided_against_a_release_stands_apart_from_what_was_signed(
    card: dict[str, Any], language: Language
) -> None:
    """With the policy's rule; the card of a version that is not in use has nothing of it."""
    page = render_html(card, language, overrides=_OVERRIDES)
    text = _Reader(page).text.replace("\u00a0", " ").replace("\u202f", " ")
    words = {
        "fr": ("depuis sa mise en service", "dès 10 décisions contraires", "Autre information", "perdu :"),
        "en": ("since its release", "from 10 contrary decisions", "Other information", "lost:"),
    }[language]
    aside = text[text.index(words[0]) :]
    for expected in (*words, "11 / 12", "13 / 14", "no_staff", "12 / 14"):
        assert expected in aside
    assert ("65 %–98 %" if language == "fr" else "65%–98%") in aside
    assert 'id="overrides"' in page
    for nothing in (None, {**_OVERRIDES, "groups": [], "reasons": []}):
        assert render_html(card, language, overrides=nothing) == render_html(card, language)
