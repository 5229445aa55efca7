"""Answers with and without reasons are held to say the same, by services whose clocks are a little apart."""

import pytest

from benchmarks.serve.trust_comparison import same_trust

WAITED = "Attend depuis 75 min (prévision de 10:45)."


@pytest.mark.parametrize(
    ("other", "status", "apart", "same"),
    [
        (WAITED, "degraded", 0.0, True),
        (WAITED.replace("75", "76"), "degraded", 0.1, True),
        (WAITED.replace("75", "77"), "degraded", 0.1, False),
        (WAITED.replace("75", "77"), "degraded", 1.5, True),
        (WAITED.replace("Attend", "Repart"), "degraded", 0.1, False),
        (WAITED, "trusted", 0.1, False),
        (f"{WAITED} 3", "degraded", 0.1, False),
    ],
)
def test_waits_so_far_are_rounded_by_either_clock(other: str, status: str, apart: float, same: bool) -> None:
    """A minute that one clock has begun is no difference; another word or status is."""
    ours = {"status": "degraded", "warnings": [WAITED]}
    assert same_trust(ours, {"status": status, "warnings": [other]}, apart) is same
    assert same_trust(ours, {"status": "degraded", "warnings": []}, 0.1) is False
