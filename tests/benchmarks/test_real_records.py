"""Real records are read by whatever verdict there is."""

from benchmarks.gates.real_records import _CODES
from registry.statistics.verdict import Verdict


def test_every_verdict_has_its_code() -> None:
    """And nothing but what shuts the gate is above 0."""
    assert set(_CODES) == {str(v) for v in Verdict}
    assert {v for v, code in _CODES.items() if code} == {str(Verdict.INCONCLUSIVE), str(Verdict.BLOCK)}
