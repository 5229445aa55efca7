"""Coverage by unit group and horizon: what is shown to fail opens nothing, however few the rows; page one names it."""

from dataclasses import replace

import numpy as np
import pytest

from hospital.times import DAY
from registry.cards.finding_text import Words
from registry.cards.summary_sections import Brief
from registry.evidence.records import UNIT, Evidence, Scored
from registry.gates import Verdict
from registry.gates.calibration import judge_calibration
from registry.gates.coverage_by_cell import ABOVE_SHOWN, SHOWN, coverage_by_cell
from registry.gates.fairness import judge_fairness
from registry.policy.board_policy import default_policy, load_policy
from registry.statistics.error_rates import Levels
from registry.statistics.verdict import Finding, GateResult
from tests.support.synthetic_evidence import Hospital, beds, with_judge

POLICY = default_policy()
LEVELS = Levels(0.05, 0.05)
EVERYWHERE = tuple((f"group {g}", h) for g in range(4) for h in (4.0, 8.0, 24.0, 72.0))


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound bed-demand model."""
    return beds(Hospital(), np.random.default_rng(2))


def narrowed(
    evidence: Evidence, group: str, horizon: float, factor: float, days: int | None = None
) -> Evidence:
    """The same with a cell's intervals narrowed, of which only the last days are there."""
    test = evidence.test
    mine = (test.unit_group == group) & (test.horizon_hours == horizon)
    middle = test.p50[:, None]
    quantiles = np.where(mine[:, None], middle + factor * (test.quantiles - middle), test.quantiles)
    found = with_judge(evidence, quantiles=quantiles)
    if days is None:
        return found
    last = test.prediction_time.max() - days * DAY
    return replace(found, test=found.test.part(~mine | (test.prediction_time > last)))


def coverage(result: GateResult) -> dict[str, Finding]:
    """Findings by group."""
    return {f.group: f for f in result.findings if f.metric == "coverage"}


def test_a_cell_that_holds_three_in_five_blocks_though_all_together_pass(sound: Evidence) -> None:
    """Its group and its horizon are within the tolerance, and the cell is not."""
    result = judge_calibration(narrowed(sound, "group 2", 24.0, 0.6), POLICY, EVERYWHERE)
    found = coverage(result)
    assert found["short"].verdict is Verdict.PASS
    cell = found["group 2*24 h"]
    assert (cell.verdict, cell.required) == (Verdict.BLOCK, True)
    assert cell.value is not None
    assert 0.5 < cell.value < 0.65
    assert cell.threshold == pytest.approx(0.72)
    assert cell.interval is not None
    assert cell.interval[0] < cell.value < cell.interval[1] < 0.72
    assert result.verdict is Verdict.BLOCK


def test_too_few_rows_are_no_excuse(sound: Evidence) -> None:
    """Of ten days: too little for Holm's step-down, and its own interval is under the margin all the same."""
    seen = set()
    for days in range(4, 40, 3):
        result = judge_calibration(narrowed(sound, "group 1", 8.0, 0.55, days), POLICY, EVERYWHERE)
        cell = coverage(result).get("group 1*8 h")
        if cell is None or not cell.required:
            continue
        assert result.verdict is cell.verdict
        seen.add((cell.verdict, cell.note))
    assert (Verdict.INCONCLUSIVE, SHOWN) in seen
    assert (Verdict.BLOCK, "") in seen


def test_what_is_not_shown_is_reported_and_keeps_nothing_shut(sound: Evidence) -> None:
    """A sound hospital passes with every cell in its report."""
    result = judge_calibration(sound, POLICY, EVERYWHERE)
    found = coverage(result)
    assert result.verdict is Verdict.PASS
    assert {f"{g}*{h:g} h" for g, h in EVERYWHERE} <= set(found)
    assert {name for name, f in found.items() if f.required} == {"short", "long"}


def test_the_demos_critical_care_is_shown_to_fail() -> None:
    """62.5 % inside over blocks of a day: an upper bound under 72 % holds the gate shut, one above it does not."""
    for days, shown in ((30, True), (6, False)):
        at = np.arange(days * 40) // 40 * DAY
        part = _rows(at)
        inside = (np.arange(at.size) % 8 < 5).astype(np.float64)
        inside += np.where(at // DAY % 2 == 0, 1, -1) * (0.05 if shown else 0.2)  # days differ
        (finding,) = [f for f in coverage_by_cell(part, inside, POLICY, LEVELS) if f.group == "critical_care"]
        assert finding.value == pytest.approx(0.625)
        assert finding.required is shown


def test_all_outside_over_a_few_blocks_is_no_certainty() -> None:
    """Five days without a hit vary not at all: the error of five outcomes, four in five of them inside, stands in."""
    part = _rows(np.arange(50) // 10 * DAY)
    finding = coverage_by_cell(part, np.full(50, 0.0), POLICY, LEVELS)[0]
    assert finding.interval is not None
    assert finding.interval[1] == pytest.approx(0.381, abs=1e-3)  # 2.132 x sqrt(0.16 / 5)
    assert coverage_by_cell(_rows(np.arange(30) // 10 * DAY), np.full(30, 0.0), POLICY, LEVELS) == []
    assert coverage_by_cell(_rows(np.arange(20) * DAY), np.full(20, 0.0), POLICY, LEVELS) == []


def test_a_lone_group_has_no_cells_besides_its_horizons(sound: Evidence) -> None:
    """Each would be a horizon once more, and a test more in the family; with a second group they are looked at."""
    known = sound.test.known()
    groups = sorted(set(known.unit_group))
    assert len(np.unique(known.horizon_hours)) > 1
    names = {}
    for size in (1, 2):
        part = known.part(np.isin(known.unit_group, groups[:size]))
        found = coverage_by_cell(part, np.ones(part.size), POLICY, Levels(0.05, 0.05))
        names[size] = [one.group for one in found]
    horizons = len(np.unique(known.horizon_hours))
    assert len(names[1]) == horizons + 1
    assert len(names[2]) == horizons + 2 + 2 * horizons


def test_a_policy_signed_before_has_the_margin_that_ships() -> None:
    """And one that widens it is looser."""
    without = b"\n".join(x for x in POLICY.content.splitlines() if not x.startswith(b"margin_cell"))
    assert (
        load_policy(without).document.calibration.margin_cell
        == POLICY.document.calibration.margin_cell
        == 0.08
    )


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(
    ("metric", "group", "note"),
    [("coverage", "hospital=168 h", SHOWN), ("above_p90", "hours=00-06", ABOVE_SHOWN)],
)
def test_page_one_names_a_total_and_a_part_of_the_day(
    language: str, metric: str, group: str, note: str
) -> None:
    """Where they are shown to hold too little, and where they block; each with a sentence that says what to do."""
    finding = {"metric": metric, "group": group, "required": True, "value": 0.2, "interval": [0.1, 0.3]}
    for verdict, said, shown in (
        ("block", "", True),
        ("inconclusive", note, True),
        ("inconclusive", "", False),
    ):
        row = {**finding, "verdict": verdict, "note": said}
        gates = [{"name": "calibration", "findings": [row]}]
        card = {"model": "bed-demand", "performance": [], "groups": [], "gates": gates}
        words = Words.of(card, language)  # type: ignore[arg-type]
        text = Brief.of(card)._not_covered(words).text
        assert (words.group(group) in text) is shown
        assert words.advice("calibration", row)
    assert words.group(group) != group
    passes_over = {"fr": "ne pas passer outre", "en": "do not pass over it"}[language]
    assert passes_over in words.advice("calibration", {**finding, "verdict": "inconclusive", "note": note})


@pytest.mark.parametrize(
    ("language", "named"), [("fr", "Intervalles qui ne"), ("en", "Intervals that do not hold")]
)
def test_page_one_names_the_cell(language: str, named: str) -> None:
    """Blocked or inconclusive, in both languages; what is only reported is not named."""
    group = "soins critiques" if language == "fr" else "critical care"
    finding = {"metric": "coverage", "group": "critical_care*24 h", "required": True}
    for verdict, note, shown in (
        ("block", "", True),
        ("inconclusive", SHOWN, True),
        ("inconclusive", "", False),
    ):
        row = {**finding, "verdict": verdict, "note": note}
        card = {
            "model": "bed-demand",
            "performance": [],
            "groups": [],
            "gates": [{"name": "calibration", "findings": [row]}],
        }
        brief = Brief.of(card)
        assert (list(brief.uncovered) == ["critical_care*24 h"]) is shown
        text = repr(brief._not_covered(Words.of(card, language)))  # type: ignore[arg-type]
        assert (named in text and group in text and "24" in text) is shown


def test_a_ward_that_is_promised_too_little_is_seen_within_its_group(sound: Evidence) -> None:
    """Four wards of a group: one needs a quarter more than is forecast, and the others as much less."""
    test, mine = sound.test, sound.test.unit_group == "group 3"
    ward = np.where(np.arange(test.size) % 4 == 0, "3A", "3B").astype(object)
    names = np.where(mine, ward, test.unit_group).astype(object)
    moved = np.where(mine & (ward == "3A"), -0.24, np.where(mine, 0.08, 0.0))[:, None] * test.p50[:, None]
    before = sound.validation
    past = np.where(before.unit_group == "group 3", "3A", before.unit_group).astype(object)
    found = replace(
        with_judge(sound, quantiles=test.quantiles + moved, audit={UNIT: names}),
        validation=replace(before, audit={UNIT: past}),
    )
    findings = {(f.group, f.metric): f for f in judge_fairness(found, POLICY, EVERYWHERE).findings}
    assert findings["unit=3A", "relative_bias"].verdict is Verdict.BLOCK
    assert findings["unit=3B", "relative_bias"].verdict is not Verdict.BLOCK
    assert findings["unit_group=group 3", "relative_bias"].verdict is not Verdict.BLOCK
    # A unit that is its group is that group.
    assert not any(group == "unit=group 1" for group, _ in findings)


def _rows(at: np.ndarray) -> Scored:
    """Rows of one unit group at one horizon; only where they lie in time matters."""
    n, none = at.size, np.zeros(at.size)
    texts = np.full(n, "critical_care", object)
    return Scored(
        row_id=texts,
        prediction_time=at,
        target_time=at,
        horizon_hours=np.full(n, 4.0),
        unit_group=texts,
        site=texts,
        local_hour=np.zeros(n, np.int64),
        outcome=none,
        censored=np.zeros(n, bool),
        waited=none,
        weight=np.ones(n),
        quantiles=np.zeros((n, 19)),
        baselines={},
        audit={},
        counts=True,
    )
