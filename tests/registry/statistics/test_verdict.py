"""What opens, and what several findings come to: every combination by hand."""

import itertools
import math

import pytest

from registry.errors import RegistryError
from registry.statistics.verdict import Finding, GateResult, Verdict, undecided, worst

UNSHOWN = Verdict.NOT_SHOWN
PASS, NONE, OPEN, BLOCK = Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE, Verdict.BLOCK


def test_the_worst_of_any_verdicts_in_any_order() -> None:
    """A block before all, then what is open, then a pass; not applicable only where there is nothing else."""
    for size in (1, 2, 3):
        for verdicts in itertools.product(Verdict, repeat=size):
            expected = next(v for v in (BLOCK, OPEN, PASS, UNSHOWN, NONE) if v in verdicts)
            # Nothing but what is not shown is no pass.
            assert worst(verdicts) is (OPEN if expected is UNSHOWN else expected), verdicts
    assert worst([]) is OPEN


def test_pass_and_not_applicable_open() -> None:
    """And nothing else."""
    assert [verdict for verdict in Verdict if verdict.opens] == [PASS, NONE]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_nothing_opens_on_a_number_that_is_none(number: float) -> None:
    """Neither as value, nor as threshold, nor as a bound; what does not open may hold it."""
    for verdict in (PASS, NONE):
        for value, interval, threshold in (
            (number, None, None),
            (None, None, number),
            (0.0, (number, 1.0), 0.0),
            (0.0, (0.0, number), 0.0),
        ):
            with pytest.raises(RegistryError, match="mae of all"):
                Finding("mae", "all", value, interval, threshold, 3, verdict)
            Finding("mae", "all", value, interval, threshold, 3, BLOCK)


def test_a_gate_is_judged_by_its_required_findings() -> None:
    """The others are listed only; without a required one the gate stays shut. A finding is required by default."""
    sound, harmful = (Finding("mae", "all", 1.0, (0.5, 1.5), 2.0, 3, verdict) for verdict in (PASS, BLOCK))
    aside = Finding("mae", "all", 1.0, (0.5, 1.5), 2.0, 3, BLOCK, required=False)
    assert GateResult.of("accuracy", [sound, aside]).verdict is PASS
    assert GateResult.of("accuracy", [sound, harmful]).verdict is BLOCK
    assert GateResult.of("accuracy", iter([aside])) == GateResult("accuracy", OPEN, (aside,))
    assert GateResult.of("accuracy", [sound, undecided("mae", "a", 1, "too_few_rows")]).verdict is OPEN
    unknown = undecided("mae", "a", 1, "too_few_rows", required=False)
    assert GateResult.of("accuracy", [sound, unknown]).verdict is PASS


def test_a_finding_lacks_nothing_where_nothing_is_said() -> None:
    """Undecided it has no figure, no threshold and what is said; a reader is not asked to wait for rows."""
    assert Finding("mae", "all", 1.0, None, None, 3, PASS).lacking == 0
    assert undecided("mae", "a", 1, "too_few_rows") == Finding(
        "mae", "a", None, None, None, 1, OPEN, True, "too_few_rows", 0
    )
