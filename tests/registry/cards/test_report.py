"""The report: what is promised to machines, and what people read."""

import io
import json
import re
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest
from rich.console import Console

from hospital.features.bed_list import covariate_feature
from hospital.words.language import Language
from hospital.words.plain_console import plain_console
from registry.cards.finding_text import Words
from registry.cards.report import Report, make_report
from registry.cards.report_table import print_report, scope_in_words
from registry.digests import canonical_json
from registry.evidence.records import Evidence
from registry.policy.board_policy import default_policy, load_policy
from tests.support.repository import ROOT
from tests.support.sound_facts import beds, waits
from tests.support.synthetic_evidence import Hospital, with_judge

POLICY = default_policy()


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """A sound bed-demand model."""
    return beds(Hospital(days=500), np.random.default_rng(9))


@pytest.fixture(scope="module")
def report(evidence: Evidence) -> Report:
    """Its report."""
    return make_report(evidence, POLICY)


@pytest.fixture(scope="module")
def unfair() -> Report:
    """The report of a model that tells women too little."""
    return make_report(waits(Hospital(days=490, unfair=1.4), np.random.default_rng(9)), POLICY)


def test_machines_get_what_the_design_promises(report: Report) -> None:
    """Names and types of every key, and JSON without NaN."""
    body = json.loads(canonical_json(report.for_machines()))
    assert {"model", "version", "digest", "policy_digest", "verdict", "gates"} <= set(body)
    assert [g["name"] for g in body["gates"]] == [
        "contract",
        "explanation",
        "accuracy",
        "calibration",
        "fairness",
        "drift",
        "efficiency",
    ]
    for gate in body["gates"]:
        assert gate["verdict"] in ("pass", "block", "inconclusive", "not applicable")
        for finding in gate["findings"]:
            assert {"metric", "group", "value", "interval", "threshold", "n", "verdict"} <= set(finding)
            assert finding["interval"] is None or len(finding["interval"]) == 2
    assert body["policy_digest"] == POLICY.digest


@pytest.mark.parametrize("kind", ["sound", "unfair", "baseline", "empty"])
def test_every_report_keeps_its_schema(kind: str, evidence: Evidence, report: Report, unfair: Report) -> None:
    """`docs/report.schema.json` names every key; one that nobody promised, or that is gone, is a fault."""
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    nothing = evidence.test.part(np.zeros(evidence.test.size, bool))
    body = {
        "sound": lambda: report,
        "unfair": lambda: unfair,
        "baseline": lambda: make_report(replace(evidence, kind="baseline"), POLICY),
        "empty": lambda: make_report(replace(evidence, test=nothing), POLICY),
    }[kind]().body
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(json.loads(canonical_json(body)))
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**body, "verdict": "maybe"})
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({k: v for k, v in body.items() if k != "attempts"})


@pytest.mark.parametrize(
    ("language", "said"), [("fr", "4 tentatives sur les mêmes jours"), ("en", "4 attempts on the same days")]
)
def test_a_version_that_was_not_the_first_says_so(evidence: Evidence, language: str, said: str) -> None:
    """Whoever reads the table learns that it was tried before."""
    out = io.StringIO()
    body = make_report(replace(evidence, attempts=4), POLICY).body
    print_report(body, language, Console(file=out, width=100, no_color=True))  # type: ignore[arg-type]
    assert said in re.sub(r"\s+", " ", out.getvalue())


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_table_fits_the_terminal(unfair: Report, width: int, language: Language) -> None:
    """No line is wider, nothing is cut, and each finding's figures stand whole on one line."""
    stream = io.StringIO()
    print_report(unfair.body, language, plain_console(file=stream, width=width))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in stream.getvalue()
    words = Words.of(unfair.body, language)
    closing = [
        finding
        for gate in unfair.body["gates"]
        for finding in gate["findings"]
        if finding["required"] and finding["verdict"] == "block"
    ]
    assert closing
    for finding in closing:
        for figure in (words.value(finding, finding["value"]), words.interval(finding)):
            assert any(figure in line for line in lines), figure


def test_a_sound_model_passes_with_its_scope(report: Report) -> None:
    """Only unit groups and horizons that were chosen and judged."""
    assert report.verdict == "pass"
    assert report.body["scope"]
    assert {tuple(cell) for cell in report.body["scope"]} == {("unit_group", "horizon_hours")}


def test_performance_has_a_row_for_each_unit_group_and_horizon(report: Report, evidence: Evidence) -> None:
    """Errors beside the baseline's, and tails that add up to 1 with the coverage."""
    rows = report.body["performance"]
    assert len(rows) == 4 * (4 + 1)
    inside = {(c["unit_group"], c["horizon_hours"]) for c in report.body["scope"]}
    for row in rows:
        assert row["below_p10"] + row["coverage"] + row["above_p90"] == pytest.approx(1)
        assert row["gain"][1] <= row["gain"][0] <= row["gain"][2]
        if row["unit_group"] != "all":
            assert row["in_scope"] == ((row["unit_group"], row["horizon_hours"]) in inside)
    part = evidence.test.part(evidence.test.horizon_hours == 24)
    row = next(r for r in rows if (r["unit_group"], r["horizon_hours"]) == ("all", 24.0))
    assert row["mae"] == pytest.approx(float(np.abs(part.outcome - part.p50).mean()))
    assert row["n"] == part.size


def test_the_same_evidence_gives_the_same_report(report: Report, evidence: Evidence) -> None:
    """Byte for byte: its digest is signed."""
    assert canonical_json(make_report(evidence, POLICY).body) == canonical_json(report.body)


def test_the_worst_required_gate_decides(unfair: Report) -> None:
    """Unfair is blocked, by fairness alone."""
    assert unfair.verdict == "block"
    assert [g["name"] for g in unfair.gates if g["verdict"] == "block"] == ["fairness"]


def test_a_shifted_hospital_is_blocked_by_drift() -> None:
    """Arrivals times 1.6 in the last month."""
    shifted = make_report(waits(Hospital(days=490, shift=1.6), np.random.default_rng(9)), POLICY)
    assert "drift" in [g["name"] for g in shifted.gates if g["verdict"] == "block"]


def test_a_baseline_only_package_is_judged_by_its_own_section(evidence: Evidence) -> None:
    """Contract and calibration are required of it; it has no scope, and no gain to show."""
    report = make_report(replace(evidence, kind="baseline"), POLICY)
    assert report.verdict == "pass"
    assert [g["name"] for g in report.gates] == ["contract", "calibration"]
    assert report.body["required"] == ["contract", "calibration"]
    assert report.body["scope"] == []
    part = evidence.test
    narrow = with_judge(evidence, quantiles=part.p50[:, None] + 0.3 * (part.quantiles - part.p50[:, None]))
    assert make_report(replace(narrow, kind="baseline"), POLICY).verdict == "block"


def test_no_judged_row_gives_a_report_that_does_not_open(evidence: Evidence) -> None:
    """An empty test set is a report like any other, and opens nothing."""
    nothing = replace(evidence, test=evidence.test.part(np.zeros(evidence.test.size, bool)))
    report = make_report(nothing, POLICY)
    assert report.verdict != "pass"
    assert canonical_json(report.body)


def test_another_policy_gives_another_digest(evidence: Evidence) -> None:
    """A policy edited after the check is not the one that was checked."""
    edited = load_policy(POLICY.content + b"# reviewed again\n")
    assert make_report(evidence, edited).body["policy_digest"] != POLICY.digest


@pytest.mark.parametrize(("language", "said"), [("fr", "chercher pourquoi"), ("en", "find out why")])
def test_people_read_the_worst_first_with_what_to_do(unfair: Report, language: str, said: str) -> None:
    """Within the terminal, the blocked gate on top, and the sentence that says what to do."""
    out = io.StringIO()
    print_report(unfair.body, language, Console(file=out, width=100, no_color=True))  # type: ignore[arg-type]
    text = out.getvalue()
    assert said in re.sub(r"\s+", " ", text)
    assert max(map(len, text.splitlines())) <= 100
    gates = ("Équité", "Exactitude") if language == "fr" else ("Fairness", "Accuracy")
    assert text.index(gates[0]) < text.index(gates[1])


def test_a_gate_that_passed_shows_what_it_measured(report: Report) -> None:
    """Not the comparison that does not apply."""
    out = io.StringIO()
    print_report(report.body, "en", Console(file=out, width=100, no_color=True))
    assert "not applicable" not in out.getvalue()
    assert "gain over" in out.getvalue()


def test_the_scope_is_listed_horizon_by_horizon() -> None:
    """Sixteen units at three horizons are three lists, and not forty-eight names with their horizon."""
    body = {"model": "bed-demand", "gates": []}
    cells = [{"unit_group": g, "horizon_hours": h} for g in ("Hessen", "Berlin") for h in (72.0, 24.0)]
    assert (
        scope_in_words(cells, Words.of(body, "en"))
        == "24\u00a0h: Hessen, Berlin; 3\u00a0days: Hessen, Berlin"
    )
    assert scope_in_words(cells[:1], Words.of(body, "fr")) == "Hessen 3\u00a0jours"
    waits = [{"unit_group": g, "horizon_hours": 0.0} for g in ("ED", "ED2")]
    assert scope_in_words(waits, Words.of({**body, "model": "wait-time"}, "en")) == "ED, ED2"


@pytest.mark.parametrize("named", [True, False])
def test_a_column_of_the_hospital_has_one_name_in_report_and_card(named: bool) -> None:
    """A card lists the inputs with their labels, a report does not: what is said is the same."""
    finding = {"group": "covid_patients_change_7d", "metric": "alignment", "verdict": "pass"}
    body: dict[str, Any] = {"model": "bed-demand", "gates": [{"name": "contract", "findings": [finding]}]}
    if named:
        body["features"] = [vars(covariate_feature("covid_patients"))]
    assert Words.of(body, "en").group(finding["group"]) == "covid_patients: change over 7 days"
