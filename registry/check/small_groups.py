"""Small groups over several versions: what earlier reports showed of them on rows that this one is not judged on."""

from typing import Any

from registry.candidates.candidates import Candidate, candidates
from registry.errors import CandidateError
from registry.evidence.records import EarlierGap
from registry.settings import Settings

__all__ = ["earlier_gaps"]


def earlier_gaps(settings: Settings, found: Candidate, span: tuple[int, int]) -> tuple[EarlierGap, ...]:
    """Gaps of small groups from the sealed reports of other versions whose test sets share no day with `span`.

    Nor with one another: of versions that were judged on the same days the last counts.
    """
    taken = [span]
    out: list[EarlierGap] = []
    for other in reversed(candidates(settings.candidates, found.model)):
        body = _report(other) if other.version != found.version else {}
        judged = body.get("judged")
        if not isinstance(judged, list) or len(judged) != 2:
            continue
        theirs = (int(judged[0]), int(judged[1]))
        if any(theirs[0] < end and start < theirs[1] for start, end in taken):
            continue
        taken.append(theirs)
        out += [EarlierGap(**gap) for gap in body.get("small_groups", [])]
    return tuple(out)


def _report(other: Candidate) -> dict[str, Any]:
    """Its report, or nothing: a version that is not checked, or whose report cannot be read, lends nothing."""
    try:
        return other.json("report.json") if other.checked else {}
    except CandidateError:
        return {}
