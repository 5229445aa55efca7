"""Advice follows the cause: findings that are read together, each situation with its sentence in both languages."""

import re
from typing import Any

import pytest

from hospital.profile.words import codes
from hospital.words.catalogue import entries
from hospital.words.language import Language
from registry.cards import situations
from registry.cards.finding_text import Words
from registry.cards.situations import SITUATIONS, is_read_with_tables
from tests.support.repository import ROOT

LANGUAGES: tuple[Language, ...] = ("fr", "en")


def finding(metric: str, group: str = "all", value: float = 1.0, **more: Any) -> dict[str, Any]:
    """A finding that blocks."""
    base = {
        "interval": [0.5, 1.5],
        "threshold": 0.1,
        "n": 90,
        "verdict": "block",
        "required": True,
        "note": "",
    }
    return {"metric": metric, "group": group, "value": value, **base, **more}


def card(
    codes: tuple[str, ...] = (), model: str = "wait-time", **gates: list[dict[str, Any]]
) -> dict[str, Any]:
    """A card with these findings by gate, and these codes, of visits or ``table.code``, that its check saw."""
    seen = [code.rpartition(".") for code in codes]
    return {
        "model": model,
        "gates": [{"name": name, "verdict": "block", "findings": found} for name, found in gates.items()],
        "data": {
            "zone": "Europe/Paris",
            "findings": [],
            "to_look_at": [{"table": table or "visits", "code": code} for table, _, code in seen],
        },
    }


NARROW = finding("coverage", "short", 0.6, limits=[0.68, 0.92])
LONGER = finding("outcome_shift", "waits", 0.3)
MORE = finding("volume_shift", "arrivals", 0.3)
LOW = finding("bias_shift", "forecast_error", 0.2)
FEWER = finding("volume_shift", "arrivals", -0.3)
SHORTER = finding("outcome_shift", "waits", -0.3)
LINK = finding("correlation_shift", "age_years ~ reason", -0.3)
NO_ROTA = finding("missing_shift", "ed_doctors", 0.9)
NO_PULSE = finding("missing_shift", "heart_rate", 0.9)


def _group(value: float, **more: object) -> list[dict[str, Any]]:
    return [
        finding("bias", "sex=F", value, verdict="pass", required=False, note="reported"),
        finding("share_above_p50", "sex=F", 0.2, **more),
    ]


CASES = {
    "batches, told by the data": (
        card(("batched_times",), calibration=[NARROW]),
        "calibration",
        0,
        "batches",
    ),
    "batches, told by heaps": (card(("heaped_times",), drift=[LONGER]), "drift", 0, "batches"),
    "batches, told by leaks": (
        card(
            contract=[finding("excess_correlation_entry", "visits", note="leak_entry")], calibration=[NARROW]
        ),
        "calibration",
        0,
        "batches",
    ),
    "a rota that stops": (card(drift=[NO_ROTA]), "drift", 0, "rota_stopped"),
    "errors without a rota": (card(drift=[NO_ROTA, LOW]), "drift", 1, "rota_stopped"),
    "intervals without a rota": (
        card(drift=[NO_ROTA], calibration=[NARROW]),
        "calibration",
        0,
        "rota_stopped",
    ),
    "a column that stops": (card(drift=[NO_PULSE]), "drift", 0, "column_stopped"),
    "a column that stops, told by the data": (
        card(("column_stops",), drift=[LOW]),
        "drift",
        0,
        "column_stopped",
    ),
    "staff": (card(drift=[finding("shift", "ed_doctors", -2.0)]), "drift", 0, "staff_changed"),
    "an epidemic": (card(drift=[MORE, LONGER]), "drift", 0, "demand_up"),
    "an epidemic's waits": (card(drift=[MORE, LONGER]), "drift", 1, "demand_up"),
    "an epidemic's crowding": (card(drift=[finding("shift", "ed_waiting", 4.4)]), "drift", 0, "demand_up"),
    "an epidemic beyond training": (
        card(drift=[MORE], contract=[finding("beyond_training", "ed_waiting", note="demand_beyond")]),
        "contract",
        0,
        "demand_up",
    ),
    "growth": (card(drift=[finding("trend", "arrivals", 0.01)]), "drift", 0, "demand_up"),
    "visits twice": (card(("near_duplicates",), drift=[MORE]), "drift", 0, "doubled"),
    "fewer visits": (card(drift=[finding("volume_shift", "arrivals", -0.3)]), "drift", 0, "demand_down"),
    "longer waits": (card(drift=[LONGER, LOW]), "drift", 0, "waits_longer"),
    "longer waits in the errors": (card(drift=[LONGER, LOW]), "drift", 1, "waits_longer"),
    "shorter waits": (card(drift=[finding("outcome_shift", "waits", -0.3)]), "drift", 0, "waits_shorter"),
    "too low": (card(drift=[LOW]), "drift", 0, "under_predicted"),
    "too high": (card(drift=[finding("bias_shift", "forecast_error", -0.2)]), "drift", 0, "over_predicted"),
    "less exact": (card(drift=[finding("error_rise", "forecast_error", 0.4)]), "drift", 0, "less_exact"),
    "a link": (
        card(drift=[finding("correlation_shift", "age_years ~ reason", -0.3)]),
        "drift",
        0,
        "link_broken",
    ),
    "patients": (card(drift=[finding("shift", "heart_rate", 3.0)]), "drift", 0, "patients_changed"),
    "intervals after a shift": (
        card(drift=[LONGER], calibration=[NARROW]),
        "calibration",
        0,
        "intervals_shifted",
    ),
    "intervals alone": (card(calibration=[NARROW]), "calibration", 0, "intervals_narrow"),
    "wide intervals": (
        card(calibration=[finding("coverage", "short", 0.98, limits=[0.68, 0.92])]),
        "calibration",
        0,
        "intervals_wide",
    ),
    "p90 at night": (
        card(calibration=[finding("above_p90", "hours=00-06", 0.2)]),
        "calibration",
        0,
        "intervals_low",
    ),
    "a group told too little": (card(fairness=_group(4.0)), "fairness", 1, "group_under"),
    "the others told too much": (card(fairness=_group(-4.0)), "fairness", 1, "group_others_over"),
    "a group told too little, not blocked": (
        card(fairness=_group(4.0, verdict="inconclusive", note="harm_shown")),
        "fairness",
        1,
        "group_under",
    ),
    "a group told too little, for certain": (
        card(fairness=_group(4.0, verdict="inconclusive", note="harm_certain")),
        "fairness",
        1,
        "group_under",
    ),
    "the longest are not sent": (
        card(("long_ones_missing",), drift=[SHORTER]),
        "drift",
        0,
        "longest_missing",
    ),
    "a clock": (card(("unit_clock_moved",), drift=[LINK]), "drift", 0, "clock_moved"),
    "labels": (card(("labels_exchanged",), drift=[LOW]), "drift", 0, "labels_exchanged"),
    "hours without rows": (card(("silent_hours",), drift=[FEWER]), "drift", 0, "rows_missing"),
    "a rota, seen in its table": (
        card(("staffing.rota_repeated",), drift=[LOW]),
        "drift",
        0,
        "rota_stopped",
    ),
    "a rota's column": (card(("staffing.column_stops",), drift=[LOW]), "drift", 0, "rota_stopped"),
    "shorter waits of fewer visits": (card(drift=[FEWER, SHORTER]), "drift", 1, "demand_down"),
    "errors that lean to one side": (
        card(drift=[LOW, finding("error_rise", "forecast_error", 0.4)]),
        "drift",
        1,
        "under_predicted",
    ),
    "wide intervals after a shift": (
        card(drift=[SHORTER], calibration=[finding("coverage", "short", 0.98, limits=[0.68, 0.92])]),
        "calibration",
        0,
        "intervals_shifted",
    ),
    "intervals after errors have grown": (
        card(drift=[finding("error_rise", "forecast_error", 0.4)], calibration=[NARROW]),
        "calibration",
        0,
        "intervals_shifted",
    ),
    "intervals, and perhaps a season": (
        card(drift=[{**MORE, "verdict": "inconclusive", "note": "season_unknown"}], calibration=[NARROW]),
        "calibration",
        0,
        "intervals_perhaps_shifted",
    ),
    "a pulse where nobody has a level": (
        {
            **(body := card(contract=[finding("excess_correlation", "heart_rate", 0.08, note="leak")])),
            "data": {**body["data"], "missing": ["triage"]},
        },
        "contract",
        0,
        "severity_or_leak",
    ),
    "a group at night": (
        card(fairness=[*_group(4.0), finding("log_error", "sex=F*night", 0.2)]),
        "fairness",
        2,
        "group_apart",
    ),
    "a ward": (
        card(model="bed-demand", fairness=[finding("relative_bias", "unit=MED", 0.1)]),
        "fairness",
        0,
        "group_under",
    ),
    "rows that count once": (card(("duplicate_row",), drift=[MORE]), "drift", 0, "demand_up"),
    "another table's times": (
        card(("stays.heaped_times",), calibration=[NARROW]),
        "calibration",
        0,
        "intervals_narrow",
    ),
    "a group's intervals": (
        card(fairness=[finding("outside_interval", "sex=F", 0.2)]),
        "fairness",
        0,
        "group_intervals",
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_each_situation_has_its_advice(case: str, language: Language) -> None:
    """By what all findings say, the very sentence of the situation and no other."""
    body, gate, place, expected = CASES[case]
    words = Words.of(body, language)
    found = next(g for g in body["gates"] if g["name"] == gate)["findings"][place]
    sentences = {name: entries("findings")[f"situations.{name}"][language][""] for name in SITUATIONS}
    assert len(set(sentences.values())) == len(SITUATIONS)
    assert words.advice(gate, found) == sentences[expected]


TOGETHER = {
    "batches and a lost rota": (
        card(("heaped_times",), drift=[NO_ROTA], calibration=[NARROW]),
        "calibration",
        0,
        ("batches", "rota_stopped"),
    ),
    "a lost rota in an epidemic": (
        card(drift=[NO_ROTA, MORE, LOW]),
        "drift",
        2,
        ("rota_stopped", "demand_up"),
    ),
    "a lost rota, and waits that have grown": (
        card(drift=[NO_ROTA, LONGER, LOW]),
        "drift",
        2,
        ("rota_stopped", "waits_longer"),
    ),
    "batches that make waits longer": (
        card(("batched_times",), drift=[LONGER, LOW]),
        "drift",
        1,
        ("batches",),
    ),
    "batches in an epidemic": (
        card(("batched_times",), drift=[MORE, LONGER]),
        "drift",
        1,
        ("batches", "demand_up"),
    ),
    "a clock and a group": (
        card(("unit_clock_moved",), fairness=_group(4.0)),
        "fairness",
        1,
        ("clock_moved", "group_under"),
    ),
    "the longest lost do not make waits longer": (
        card(("long_ones_missing",), drift=[LONGER]),
        "drift",
        0,
        ("waits_longer",),
    ),
    "four causes": (
        card(("heaped_times", "clock_moved", "labels_exchanged", "column_stops"), calibration=[NARROW]),
        "calibration",
        0,
        ("batches", "clock_moved", "labels_exchanged"),
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", TOGETHER)
def test_several_causes_are_said_one_after_the_other(case: str, language: Language) -> None:
    """Each with its own sentence, the surest first; what follows of a cause is not said beside it."""
    body, gate, place, expected = TOGETHER[case]
    found = next(g for g in body["gates"] if g["name"] == gate)["findings"][place]
    sentences = [entries("findings")[f"situations.{name}"][language][""] for name in expected]
    assert Words.of(body, language).advice(gate, found) == " ".join(sentences)


def test_causes_in_the_tables_are_codes_that_data_check_gives() -> None:
    """Every code by which a table's flaw is a cause has words of its own, but for those of reading."""
    named = set().union(*situations.CODES.values(), situations.OF_A_ROTA)
    assert named <= codes()


def test_tables_are_looked_at_where_something_keeps_shut_that_they_may_explain() -> None:
    """Intervals that fail, and no lack of rows, nor explanations."""
    assert is_read_with_tables(card(calibration=[NARROW]))
    assert not is_read_with_tables(card(calibration=[{**NARROW, "verdict": "pass"}]))
    assert not is_read_with_tables(card(calibration=[{**NARROW, "required": False}]))
    assert not is_read_with_tables(card(fairness=[{**NARROW, "value": None, "verdict": "inconclusive"}]))
    assert not is_read_with_tables(card(explanation=[NARROW]))


def test_every_situation_is_tried_and_every_sentence_has_one() -> None:
    """None without a case, and no sentence that nothing leads to."""
    assert {expected for *_, expected in CASES.values()} == set(SITUATIONS)
    named = {k.partition(".")[2] for k in entries("findings") if k.startswith("situations.")}
    assert named == set(SITUATIONS)


@pytest.mark.parametrize(
    ("case", "never"),
    [
        ("batches, told by the data", "calibrate on recent data"),
        ("batches, told by heaps", "train again with these weeks"),
        ("a rota that stops", "retrain"),
        ("errors without a rota", "train again with"),
        ("too high", "too low"),
        ("the others told too much", "This group's forecasts are too low"),
        ("an epidemic's crowding", "check the unit of measure"),
        ("an epidemic beyond training", "check the unit of measure"),
    ],
)
def test_advice_that_the_cause_rules_out_is_never_given(case: str, never: str) -> None:
    """The sentences that were given for the symptom alone."""
    body, gate, place, _ = CASES[case]
    found = next(g for g in body["gates"] if g["name"] == gate)["findings"][place]
    assert never.lower() not in Words.of(body, "en").advice(gate, found).lower()


def test_what_passes_or_is_not_shown_is_no_sign_of_anything() -> None:
    """A rota's shift that is not shown explains nothing, and a finding that passes asks for nothing."""
    unshown = {**NO_ROTA, "verdict": "not shown", "note": "not_shown"}
    body = card(drift=[unshown], calibration=[NARROW])
    words = Words.of(body, "en")
    assert "no drift explains it" in words.advice("calibration", NARROW)
    assert "Neither a shift nor its absence" in words.advice("drift", unshown)
    assert words.advice("drift", {**LOW, "verdict": "pass"}) == ""


@pytest.mark.parametrize(
    ("note", "said"), [("season_unknown", "wait for a whole year"), ("uncertain_shift", "A possible shift")]
)
def test_what_may_be_a_season_or_chance_is_no_demand_that_was_never_learned(note: str, said: str) -> None:
    """An inconclusive shift says what to wait for, and explains no other finding."""
    perhaps = {**MORE, "verdict": "inconclusive", "note": note}
    words = Words.of(card(drift=[perhaps, LOW]), "en")
    assert said in words.advice("drift", perhaps)
    assert "In the last weeks forecasts are too low" in words.advice("drift", LOW)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_shift_that_would_have_been_seen_is_reported_with_its_power(language: Language) -> None:
    """How large, and how likely: never as certain."""
    seen = {**MORE, "verdict": "not shown", "note": "not_shown_power", "power": 0.999, "power_at": 0.2}
    told = Words.of(card(drift=[seen]), language).advice("drift", seen)
    assert re.search(r"20[.,]0\s?% ", told)
    assert "99 " in told
    assert "100" in told


def test_the_table_of_situations_is_in_the_docs() -> None:
    """Each by its name, so that whoever reads the report finds what it asks."""
    docs = (ROOT / "docs" / "gates.md").read_text()
    table = docs.split("## What findings say together")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(SITUATIONS)
