"""Of trained versions: every number of a card is one of its report; headline, parts and totals agree."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import chain
from typing import Any

import numpy as np
import pytest

from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.simulator import simulate, write
from hospital.words.catalogue import entries
from hospital.words.language import Language
from registry.candidates.candidates import candidate
from registry.cards.card_document import build_card
from registry.cards.card_page import render_html
from registry.cards.finding_text import Words
from registry.cards.report import make_report
from registry.check.run import check
from registry.digests import canonical_json
from registry.evidence.records import Scored
from registry.package.manifest import Manifest
from registry.policy.board_policy import default_policy
from registry.settings import Settings
from registry.statistics.gains import best_baseline
from registry.trust.keys import demo_key
from registry.trust.trust_store import create_trust
from tests.support.few_trees import FEW_TREES
from tests.support.new_databases import new_mlflow
from tests.support.sound_facts import beds, waits
from tests.support.synthetic_evidence import Hospital, with_judge
from training.packages.package_request import Request
from training.train import train

POLICY = default_policy()
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
MODELS = ("wait-time", "bed-demand")
TRUSTED = "bed-demand, trusted"
CARDS = (*MODELS, TRUSTED)
LANGUAGES: tuple[Language, ...] = ("fr", "en")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Checked:
    """A version that was trained and checked: its sealed report, card and manifest, and the tables behind it."""

    report: dict[str, Any]
    card: dict[str, Any]
    tables: HospitalTables


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checked]:
    """Both models of a small hospital, by name; no refits, which are of the explanation gate."""
    root = tmp_path_factory.mktemp("numbers")
    write(simulate(200, seed=12, scale=0.15), root / "data")
    tables, settings = read_hospital(root / "data", None, b"key"), Settings(home=root / "home")
    create_trust(settings.trust, policy_digest=POLICY.digest, demo=True)
    new_mlflow(settings.home)
    found = {}
    for model in MODELS:
        horizons = (4.0, 24.0) if model == "bed-demand" else ()
        request = Request(model, horizons, hyperparameters=FEW_TREES)
        train(request, tables, settings, key=demo_key("author"), now=NOW, progress=lambda *_: None)
        check(settings, model, "1", POLICY, now=NOW, progress=lambda *_: None)
        sealed = candidate(settings.candidates, model, "1")
        found[model] = Checked(sealed.json("report.json"), sealed.json("card.json"), tables)
    found[TRUSTED] = _trusted(Manifest.model_validate(sealed.json("package/manifest.json")), tables)
    return found


def _trusted(manifest: Manifest, tables: HospitalTables) -> Checked:
    """A bed-demand version with a trusted scope, which the small hospital's has not: rows made, packaged as trained."""
    made = make_report(beds(Hospital(days=490), np.random.default_rng(9)), POLICY)
    body = json.loads(canonical_json(made.body))
    return Checked(body, json.loads(canonical_json(build_card(manifest, body, []))), tables)


class _Page(HTMLParser):
    """The tables and words of a page by section; pictures, whose numbers are places, aside."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.section, self.skipped = "", 0
        self.tables: dict[str, list[list[list[str]]]] = {}
        self.words: dict[str, list[str]] = {}
        self.cell: list[str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs).get("id")
        if tag == "section" and named:
            self.section = named
        self.skipped += tag in ("svg", "style", "code", "pre", "nav")
        if tag == "table":
            self.tables.setdefault(self.section, []).append([])
        elif tag == "tr":
            self.tables[self.section][-1].append([])
        elif tag in ("td", "th"):
            self.cell = []

    def handle_endtag(self, tag: str) -> None:
        self.skipped -= tag in ("svg", "style", "code", "pre", "nav")
        if tag in ("td", "th") and self.cell is not None:
            self.tables[self.section][-1][-1].append(_plain(" ".join(self.cell)))
            self.cell = None

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.words.setdefault(self.section, []).append(data)
        if self.cell is not None:
            self.cell.append(data)


def _plain(words: str) -> str:
    """Words with plain blanks and minus signs."""
    return re.sub(r"\s+", " ", words.replace("\u2212", "-")).strip()


def _numbers(value: object) -> Iterator[float]:
    """Every number within a document, and how many things each list of it holds."""
    if isinstance(value, Mapping):
        yield float(len(value))
        for one in value.values():
            yield from _numbers(one)
    elif isinstance(value, list):
        yield float(len(value))
        for one in value:
            yield from _numbers(one)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)


def _written(value: float) -> set[str]:
    """A number as a card may write it, without sign or separators: plain or as a share, with up to four decimals."""
    return {
        written
        for x in (abs(value), abs(100 * value))
        for written in (*(f"{x:.{digits}f}" for digits in (0, 1, 2, 4)), f"{x:.1e}".partition("e")[0])
    }


def _tokens(words: str) -> set[str]:
    """The numbers written in some words, without sign or separators."""
    joined = re.sub(r"(?<=\d)[\u202f\u00a0,](?=\d{3}(\D|$))", "", words)
    return set(re.findall(r"(?<![\w.:-])\d+(?:[.,]\d+)?(?![\w:-])", joined))


def _constants(language: Language) -> set[str]:
    """Numbers that stand in the texts themselves, such as the 80 % that are expected."""
    texts = [*entries("card").values(), *entries("findings").values(), *entries("quantities").values()]
    return set(chain.from_iterable(_tokens(t) for entry in texts for t in entry[language].values()))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("model", CARDS)
def test_no_number_of_a_card_is_from_anywhere_else(
    checked: dict[str, Checked], model: str, language: Language
) -> None:
    """Each is one of report.json, of the manifest's facts that the card repeats, or a count of what they list."""
    one = checked[model]
    known = set(_constants(language))
    for number in chain(
        _numbers(one.report), _numbers({k: one.card[k] for k in ("data", "units", "features")})
    ):
        known |= _written(number)
    page = _Page(render_html(one.card, language))
    asked: tuple[str, ...] = (
        "brief",
        "verdicts",
        "error",
        "calibration",
        "hospital",
        "tension",
        "tension_totals",
    )
    asked += ("fairness", "efficiency")
    shown = {
        token.replace(",", ".") for name in asked for token in _tokens(" ".join(page.words.get(name, [])))
    }
    counted = {str(n) for n in range(60)}  # findings and groups of one kind, counted below
    unknown = {t for t in shown if t not in known and t not in counted and not re.fullmatch(r"\d\d", t)}
    assert len(shown) > 60
    assert unknown == set()


@pytest.mark.parametrize("model", CARDS)
def test_the_card_repeats_its_report(checked: dict[str, Checked], model: str) -> None:
    """What is signed as a card holds the report's figures, to the last bit."""
    one = checked[model]
    for name in (
        "gates",
        "performance",
        "hospital",
        "tension",
        "tension_totals",
        "scope",
        "verdict",
        "required",
    ):
        assert one.card[name] == one.report[name], name
    fairness = next(g for g in one.report["gates"] if g["name"] == "fairness")["findings"]
    for group in one.card["groups"]:
        of = [f for f in fairness if f["group"] == group["group"]]
        for metric, value in group["reported"].items():
            assert value == next(f["value"] for f in of if f["metric"] == metric)
            assert group["n"] == next(f["n"] for f in of if f["metric"] == metric)
        assert all(d in of for d in group["disparities"])


def _unit(model: str, value: float, *, sign: bool = False) -> str:
    return f"{value:{'+' if sign else ''},.1f} {'min' if model == 'wait-time' else 'beds'}"


@pytest.mark.parametrize("model", CARDS)
def test_the_rows_of_the_card_are_those_of_the_report(checked: dict[str, Checked], model: str) -> None:
    """Error, calibration, hospital total and groups: each row's figures, written here by other means."""
    one = checked[model]
    page = _Page(render_html(one.card, "en"))
    rows = [row for table in page.tables["error"] for row in table[1:]]
    wanted = sorted(one.report["performance"], key=lambda r: r["unit_group"] != "all")
    assert len(rows) == len(wanted) or len({r["unit_group"] for r in wanted}) == 2
    for row, of in zip(rows, wanted, strict=False):
        cells = " | ".join(row)
        expected = [
            _unit(model, of["mae"]),
            _unit(model, of["baseline_mae"]),
            f"{100 * of['gain'][0]:+.1f}%",
            f"[{100 * of['gain'][1]:.1f}%, {100 * of['gain'][2]:.1f}%]",
            f"{100 * of['coverage']:.1f}%",
            f"{of['n']:,}",
        ]
        for text in expected:
            assert text.replace(" beds", "") in cells.replace(" beds", "").replace(" bed", ""), (text, cells)
    calibration = next(g for g in one.report["gates"] if g["name"] == "calibration")["findings"]
    by_group = {
        _plain(Words.of(one.card, "en").group(f["group"])): f
        for f in calibration
        if f["metric"] == "coverage"
    }
    for row in page.tables["calibration"][0][1:] if "calibration" in page.tables else []:
        of = by_group[row[0]]
        assert f"{100 * of['value']:.1f}%" == row[1]
        assert row[-1] == f"{of['n']:,}"
    figures = {
        _plain(Words.of(one.card, "en").group(g["group"])): g for g in one.card["groups"] if g["reported"]
    }
    assert figures or model == "bed-demand"  # whose scope is empty: no group is judged
    for row in page.tables["fairness"][-1][1:] if figures else []:
        of = figures[row[0]]
        assert row[-1] == f"{of['n']:,}"
        assert row[4] == f"{100 * of['reported']['coverage']:.1f}%"
        assert _unit(model, of["reported"]["absolute_error"]).split()[0] == row[2].split()[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_rows_of_totals_are_those_of_the_report(checked: dict[str, Checked], language: Language) -> None:
    """The hospital's, then each group's, at each horizon: written here by other means."""
    one = checked["bed-demand"]
    wanted = one.report["tension_totals"]
    heads, *rows = _Page(render_html(one.card, language)).tables["tension_totals"][0]
    estimates = [n for n in ("skill", "slope") if any(of[n] is not None for of in wanted)]
    assert len(heads) == 8 + len(estimates)  # a column in which nobody has a figure is left out
    assert {of["unit_group"] is None for of in wanted} == {True, False}
    assert len(rows) == len(wanted)
    words, found = Words.of(one.card, language), []
    for row, of in zip(rows, wanted, strict=True):
        group = of["unit_group"]
        total = {"fr": "Le total de l'établissement", "en": "The hospital total"}[language]
        found.append(row[0] == _plain(total if group is None else words.group(group)))
        plain = [cell.replace(",", ".").replace(" %", "%") for cell in row]
        assert plain[2] == f"{100 * of['announced']:.1f}%"
        assert plain[3] == f"{100 * of['happened']:.1f}%"
        assert plain[4].split()[0] == str(of["events"])
        for cell, name in zip(plain[5:-3], estimates, strict=True):
            estimate = of[name]
            assert cell.startswith("–" if estimate is None else f"{estimate[0]:.2f}"), (cell, estimate)
        assert re.sub(r"\D", "", row[-2]) == str(of["n"])
        counts = of["skill"] is not None and of["skill"][1] > 0
        yes = {"fr": "oui", "en": "yes"}[language]
        no = {"fr": "non, et elle n’est pas montrée", "en": "no, and it is not shown"}[language]
        assert row[-1] == _plain(yes if counts else no)
    assert all(found)


@pytest.mark.parametrize("model", CARDS)
def test_the_headline_is_the_row_for_everybody(checked: dict[str, Checked], model: str) -> None:
    """Error, the rule it is beside, the gain and the coverage of one row; the scope as many as are trusted."""
    one = checked[model]
    page = _plain(" ".join(_Page(render_html(one.card, "en")).words["brief"]))
    rows = [r for r in one.report["performance"] if r["unit_group"] == "all"]
    trusted = [r for r in rows if r["in_scope"]] or rows
    row = min(trusted, key=lambda r: abs(r["horizon_hours"] - 24))
    rule = Words.of(one.card, "en").baseline(row["baseline"])
    assert f"the best baseline on the same cases ({rule}): a gain of {100 * row['gain'][0]:.1f}%" in page
    assert _unit(model, row["mae"]) in page
    assert f"{100 * row['coverage']:.0f}% of cases" in page
    cells = [r for r in one.report["performance"] if r["unit_group"] != "all"]
    assert f"{sum(r['in_scope'] for r in cells)} of {len(cells)}" in page


def _mean_of(parts: list[Row], figure: str) -> float:
    return float(np.average([p[figure] for p in parts], weights=[p["weight"] for p in parts]))


def _performance_adds_up(report: Mapping[str, Any]) -> None:
    """The means of unit groups make up that of all, whose gain is the model's error beside the rule's."""
    rows = report["performance"]
    for horizon in {r["horizon_hours"] for r in rows}:
        at = [r for r in rows if r["horizon_hours"] == horizon]
        (everybody,) = (r for r in at if r["unit_group"] == "all")
        parts = [r for r in at if r["unit_group"] != "all"]
        assert sum(p["n"] for p in parts) == everybody["n"]
        assert sum(p["weight"] for p in parts) == pytest.approx(everybody["weight"])
        for figure in ("mae", "mean_outcome", "coverage", "below_p10", "above_p90"):
            assert _mean_of(parts, figure) == pytest.approx(everybody[figure], rel=1e-9), figure
        # Each is beside its own best rule: together these are at least as hard to beat as one rule for all.
        if all(p["compared_n"] == p["n"] for p in parts):
            assert _mean_of(parts, "baseline_mae") <= everybody["baseline_mae"] + 1e-9
    for row in (*rows, *report["hospital"]):
        assert row["coverage"] + row["below_p10"] + row["above_p90"] == pytest.approx(1)
        if row["gain"] is not None:
            assert row["gain"][0] == pytest.approx(1 - row["compared_mae"] / row["baseline_mae"], rel=1e-9)
            assert (row["compared_n"] == row["n"]) <= (row["compared_mae"] == pytest.approx(row["mae"]))


def _groups_add_up(report: Mapping[str, Any]) -> None:
    """The groups of each attribute, weighted as the headline is, make up the headline."""
    fairness = next(g for g in report["gates"] if g["name"] == "fairness")["findings"]
    everybody = [r for r in report["performance"] if r["unit_group"] == "all"]
    inside = [f for f in fairness if f["note"] == "reported" and "*" not in f["group"]]
    for attribute in {f["group"].partition("=")[0] for f in inside}:
        of = [f for f in inside if f["group"].partition("=")[0] == attribute]
        for metric, figure in (("absolute_error", "mae"), ("mean_outcome",) * 2, ("coverage",) * 2):
            parts = [f for f in of if f["metric"] == metric]
            if report["model"] == "wait-time":
                assert sum(p["n"] for p in parts) == everybody[0]["n"]
                assert _mean_of(parts, "value") == pytest.approx(everybody[0][figure], rel=1e-9)


@pytest.mark.parametrize("model", CARDS)
def test_headline_parts_and_totals_agree(checked: dict[str, Checked], model: str) -> None:
    """Of a trained version: nobody can find a group's figures and the headline on two different scales."""
    _performance_adds_up(checked[model].report)
    _groups_add_up(checked[model].report)


def test_the_gates_and_the_table_measure_one_coverage(checked: dict[str, Checked]) -> None:
    """Where a whole horizon is trusted, the calibration gate's share is the table's, whole beds included."""
    body = make_report(beds(Hospital(days=490), np.random.default_rng(9)), POLICY).body
    _performance_adds_up(body)
    compared = 0
    for report in (body, *(one.report for one in checked.values())):
        calibration = next(g for g in report["gates"] if g["name"] == "calibration")["findings"]
        shares = {f["group"]: f for f in calibration if f["metric"] == "coverage"}
        for horizon in {r["horizon_hours"] for r in report["performance"]}:
            at = [r for r in report["performance"] if r["horizon_hours"] == horizon]
            (everybody,) = (r for r in at if r["unit_group"] == "all")
            found = shares.get(f"{horizon:g} h" if horizon else "all")
            if found and all(r["in_scope"] for r in at):
                assert found["value"] == pytest.approx(everybody["coverage"], rel=1e-9)
                assert (found["n"], found["weight"]) == (everybody["n"], pytest.approx(everybody["weight"]))
                compared += 1
    assert compared >= 4


def test_departments_and_groups_add_up_where_waits_are_censored() -> None:
    """Two departments of other waits and other weights: the headline is their weighted mean, groups' too."""
    evidence = waits(Hospital(days=490, visits=40), np.random.default_rng(3))
    test = evidence.test
    children = np.arange(test.size) % 3 == 0
    changed = with_judge(
        evidence,
        unit_group=np.where(children, "children", "adults").astype(object),
        outcome=np.where(children, test.outcome * 1.5, test.outcome),
        weight=np.where(children, 4 * test.weight, test.weight),
    )
    body = make_report(changed, POLICY).body
    _performance_adds_up(body)
    _groups_add_up(body)


def _mae(part: Scored, name: str, rows: Any) -> float:
    error = np.abs(part.outcome - part.baselines[name])[rows]
    return float(np.average(error, weights=part.weight[rows]))


def test_the_gain_is_over_the_best_rule_of_the_same_rows() -> None:
    """The rule that did best before is no longer the best: headline, table and gate are beside the one that is."""
    evidence = waits(Hospital(days=490, visits=40), np.random.default_rng(3))
    better = 0.2 * evidence.test.baselines["recent_median"] + 0.8 * evidence.test.p50
    changed = with_judge(evidence, baselines={**evidence.test.baselines, "last_wait": better})
    assert best_baseline(evidence.validation, 0.0) == "recent_median"
    body = make_report(changed, POLICY).body
    known = changed.test.known()
    for row in body["performance"]:
        own = known.part((known.unit_group == row["unit_group"]) | (row["unit_group"] == "all"))
        every = np.ones(own.size, bool)
        errors = {name: _mae(own, name, every) for name in own.baselines}
        assert row["baseline"] == "last_wait" == min(errors, key=lambda n: errors[n])
        assert row["baseline_mae"] == pytest.approx(errors["last_wait"])
    accuracy = next(g for g in body["gates"] if g["name"] == "accuracy")["findings"]
    gain = next(f for f in accuracy if f["metric"] == "gain_over_baseline")
    assert gain["note"] == "last_wait"
    assert gain["value"] == pytest.approx(body["performance"][0]["gain"][0], rel=1e-9)


def test_a_rule_that_speaks_of_easy_rows_alone_is_not_the_best() -> None:
    """Known on short waits only, its error looks small; on the rows of the others it is not better."""
    evidence = waits(Hospital(days=430, visits=20), np.random.default_rng(3))
    test = evidence.test
    easy = test.outcome < np.nanmedian(test.outcome)
    rare = np.where(easy, test.baselines["recent_median"] * 1.1, np.nan)
    part = replace(test, baselines={**test.baselines, "a_rare_one": rare})
    assert best_baseline(part, 0.0) == "recent_median"
    rows = np.isfinite(part.known().baselines["a_rare_one"])
    every = np.ones(rows.size, bool)
    assert _mae(part.known(), "a_rare_one", rows) < _mae(part.known(), "recent_median", every)


@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_whose_rule_has_no_value_count_for_the_error_and_the_card_says_so(language: Language) -> None:
    """The model's error is of all cases, as the groups' are; the gain of those that can be compared."""
    evidence = waits(Hospital(days=490, visits=40), np.random.default_rng(3))
    test = evidence.test
    gap = np.arange(test.size) % 200 == 0
    lost = {name: np.where(gap, np.nan, values) for name, values in test.baselines.items()}
    body = make_report(with_judge(evidence, baselines=lost), POLICY).body
    _performance_adds_up(body)
    _groups_add_up(body)
    row = body["performance"][0]
    known = test.known()
    assert row["n"] == known.size > row["compared_n"] > 0.99 * known.size
    assert row["mae"] == pytest.approx(
        float(np.average(np.abs(known.outcome - known.p50), weights=known.weight))
    )
    words = Words.of(body, language)
    assert words.t("error_compared", row["compared_n"], all="7", horizon="x", mae="y").startswith("x")


@pytest.mark.parametrize(("value", "tolerance"), [("short", "tolerance_short"), ("long", "tolerance_long")])
def test_the_limits_of_coverage_are_those_that_were_applied(value: str, tolerance: str) -> None:
    """Not the 80 % that are expected, but how far from it a share may lie."""
    body = make_report(beds(Hospital(days=490), np.random.default_rng(9)), POLICY).body
    found = next(
        f
        for g in body["gates"]
        for f in g["findings"]
        if (g["name"], f["metric"], f["group"]) == ("calibration", "coverage", value)
    )
    width = getattr(POLICY.document.calibration, tolerance)
    assert found["limits"] == pytest.approx([0.8 - width, 0.8 + width])
    written = Words.of(body, "en").limit(found)
    assert written == f"[{100 * (0.8 - width):.1f}%, {100 * (0.8 + width):.1f}%]"
    tail = next(f for g in body["gates"] for f in g["findings"] if f["metric"] == "below_p10")
    assert (tail["threshold"], tail["verdict"]) == (0.2, "pass" if tail["value"] <= 0.2 else "inconclusive")


def test_rows_are_those_that_people_know(checked: dict[str, Checked]) -> None:
    """A visit counts once, however many versions of it were received; so does a stay, or a unit's day."""
    one = checked["wait-time"]
    visits = one.tables.tables["visits"]
    assert one.card["data"]["rows"]["visits"] == visits["visit_id"].nunique() < len(visits)
    assert one.card["data"]["rows"]["stays"] == one.tables.tables["stays"]["stay_id"].nunique()
