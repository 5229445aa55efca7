"""What report and card say of probabilities of exceeding staffed beds: as served, by unit, not of too few events."""

import json
import re
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest

from hospital.words.language import Language
from registry.cards.card_page import render_html
from registry.cards.report import make_report
from registry.digests import canonical_json
from registry.evidence.exceedance_rows import ExceedanceRows
from registry.evidence.records import UNIT, Evidence
from registry.policy.board_policy import default_policy
from tests.support.repository import ROOT
from tests.support.sound_facts import beds
from tests.support.synthetic_evidence import Hospital

POLICY = default_policy()


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """A sound model; U0 exceeds its beds often, U1 never, each with a probability that is right for U0."""
    found = beds(Hospital(days=490), np.random.default_rng(9))
    test = found.test
    rng = np.random.default_rng(3)
    unit = np.array([f"U{i // 4 % 2}" for i in range(test.size)], object)
    probability = np.where(unit == "U0", rng.beta(1, 3, test.size), 0.02)
    event = (unit == "U0") & (rng.random(test.size) < probability)
    rows = ExceedanceRows(
        staffed=np.where(event, test.outcome - 1, test.outcome),
        model=probability,
        baseline=np.full(test.size, 0.9),
        by_hour=np.where(rng.random(test.size) < 0.25, 1.0, 0.0),
        by_unit=np.where(unit == "U0", 0.25, 0.01),
    )
    return replace(found, test=replace(test, audit={UNIT: unit}), exceedances=rows)


@pytest.fixture(scope="module")
def rows(evidence: Evidence) -> dict[tuple[str, float], dict[str, Any]]:
    """Of its report, by unit and horizon."""
    report = make_report(evidence, POLICY)
    return {(r["unit"], r["horizon_hours"]): r for r in report.body["tension"]}


def test_each_unit_and_all_have_their_figures(
    evidence: Evidence, rows: dict[tuple[str, float], dict[str, Any]]
) -> None:
    """Counts add up, a probability that is right has slope one, held against the better climatology."""
    test, staffed = evidence.test, evidence.exceedances.staffed  # type: ignore[union-attr]
    for horizon in (4.0, 24.0):
        everybody, own, other = (rows[name, horizon] for name in ("all", "U0", "U1"))
        at = test.horizon_hours == horizon
        assert everybody["events"] == own["events"] == int((test.outcome > staffed)[at].sum())
        assert everybody["n"] == own["n"] + other["n"] == int(at.sum())
        if own["in_scope"] == "all":
            low, high = own["slope"][1:]
            assert low < own["slope"][0] < high
            assert own["slope"][0] == pytest.approx(1, abs=0.1)
            assert own["announced"] == pytest.approx(own["happened"], abs=0.03)
            assert own["against"] == "by_unit"
            assert 0 < own["skill"][0] < 0.5


def test_of_no_event_there_is_neither_skill_nor_slope(
    rows: dict[tuple[str, float], dict[str, Any]],
) -> None:
    """Counts stand, and what was forecast beside what happened."""
    none = rows["U1", 24.0]
    assert (none["events"], none["event_days"], none["skill"], none["slope"]) == (0, 0, None, None)
    assert none["n"] > 100


def test_outside_the_scope_it_is_the_baseline_s_probability(evidence: Evidence) -> None:
    """As it is served; a cell whose answer is not known has no row."""
    report = make_report(replace(evidence, kind="baseline"), POLICY)
    announced = {r["announced"] for r in report.body["tension"]}
    assert {round(p, 6) for p in announced} == {0.9}
    assert {r["in_scope"] for r in report.body["tension"]} == {"none"}
    unknown = replace(evidence.exceedances, model=np.full(evidence.test.size, np.nan))  # type: ignore[type-var]
    report = make_report(replace(evidence, exceedances=unknown), POLICY)
    assert {r["in_scope"] for r in report.body["tension"]} <= {"none"}


def test_the_report_keeps_its_schema_with_and_without(evidence: Evidence) -> None:
    """`docs/report.schema.json` names every key of a row."""
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    for one in (evidence, replace(evidence, exceedances=None)):
        body = json.loads(canonical_json(make_report(one, POLICY).body))
        validator.validate(body)
        assert bool(body["tension"]) == (one.exceedances is not None)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", ("Probabilité de manquer de lits armés", "le modèle", "Médecine A", "24 h")),
        ("en", ("Probability of needing more than the staffed beds", "the model", "Medicine A", "24 h")),
    ],
)
def test_the_card_shows_them_and_a_dash_where_there_were_too_few(
    evidence: Evidence, language: Language, said: tuple[str, ...]
) -> None:
    """By horizon, and folded by unit with its name; a card of before, and one of waits, has no such section."""
    body = make_report(evidence, POLICY).body
    units = [
        {
            "unit": "U0",
            "label": "Medicine A",
            "label_fr": "Médecine A",
            "label_en": "Medicine A",
            "group": "m",
        },
        {"unit": "U1", "label": "B", "group": "m"},
    ]
    card = _card(body, units)
    page = render_html(card, language)
    section = re.search(r'<section[^>]*id="tension".*?</section>', page, re.DOTALL)
    assert section is not None
    for words in said:
        assert words.replace(" h", " h") in section[0].replace("\u00a0", " ").replace("\u202f", " ")
    row = next(r for r in body["tension"] if r["unit"] == "U0" and r["horizon_hours"] == 24.0)
    shown = f"{row['slope'][0]:.2f}"
    assert (shown.replace(".", ",") if language == "fr" else shown) in section[0]
    assert "–" in section[0]
    without = {k: v for k, v in card.items() if k != "tension"}
    assert 'id="tension"' not in render_html(without, language)


def _card(body: dict[str, Any], units: list[dict[str, Any]]) -> dict[str, Any]:
    """The parts of a card that every section reads."""
    data = {
        "digest": "sha256:0",
        "days": 490,
        "rows": {},
        "zone": "Europe/Paris",
        "cadence_hours": 4,
        "missing": [],
        "audit_attributes": [],
        "split": {},
        "findings": [],
    }
    training = {"seed": 1, "code_commit": "", "libraries": {}, "feature_digest": "sha256:0"}
    return {
        **body,
        "target": "",
        "groups": [],
        "data": data,
        "features": [],
        "units": units,
        "training": training,
    }
