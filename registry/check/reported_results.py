"""What training reported of the test set, held against what a check computes of the same rows."""

from dataclasses import replace

import numpy as np

from hospital.arrays import Array
from hospital.dataset.splits import Split
from hospital.times import DAY
from registry.candidates.snapshots import tombstone_of
from registry.check.checked_rows import CheckedRows, Prepared, Scores, Subject
from registry.evidence.records import ContractFacts, Scored
from registry.facts.contract_facts import contract_facts, history_off
from registry.model.scoring import read_reported, reported_arrays
from registry.trust.service_keys import accepted_keys

__all__ = ["compare_with_reported"]


def compare_with_reported(
    subject: Subject, rows: CheckedRows, judged: Prepared, scores: Scores, *, is_recent: bool
) -> ContractFacts:
    """What training reported, held against what was found again; of recent rows it reported nothing."""
    subject.progress("compare with what was reported", 0.6)
    body = subject.candidate.registration["body"]
    reported = None
    if not is_recent:
        reported = _reported(subject, body["evidence_digest"])
    facts = contract_facts(
        subject.candidate,
        subject.model,
        judged,
        scores.test,
        reported,
        reported_arrays(scores.test, scores.whole),
        rows.split,
        same_split=rows.ours == rows.registered
        or (bool(rows.tables.erased) and _near(rows.ours, rows.registered)),
        felt=None
        if is_recent
        else (_felt(rows, scores.test), None if scores.whole is None else _felt(rows, scores.whole)),
    )
    # Without the rows of somebody who was erased, a unit's first day may be another.
    days_off = 0 if rows.tables.erased else history_off(subject.model, rows.sealed, rows.registered)
    return replace(facts, baselines_off=facts.baselines_off + days_off)


def _reported(subject: Subject, digest: str) -> dict[str, Array]:
    """What training reported, without the rows of persons who were erased since."""
    folder = subject.settings.home / "evidence"
    name = f"{digest.removeprefix('sha256:')}.npz"
    tombstone = folder / name.replace(".npz", ".erased.json")
    erased = tombstone_of(tombstone, digest, accepted_keys(subject.settings))
    arrays = read_reported(folder, digest, stands=erased.files.get(name))
    kept = arrays["row_id"] != ""
    return {
        n: a[kept] if a.shape[:1] == kept.shape and not n.startswith("hospital_") else a
        for n, a in arrays.items()
    }


def _near(ours: Split, registered: Split) -> bool:
    """Whether parts begin and end within a day of those that were registered: whoever was first or last may be gone."""
    pairs = [(ours.spans[part], registered.spans[part]) for part in registered.spans if part in ours.spans]
    return len(pairs) == len(registered.spans) and all(
        abs(a - b) <= DAY for one, other in pairs for a, b in zip(one, other, strict=True)
    )


def _felt(rows: CheckedRows, scored: Scored) -> Array:
    """Which rows may be others than reported, since somebody was erased: bool [rows]."""
    felt = np.zeros(scored.size, bool)
    for first, last in rows.tables.erased:
        felt |= (scored.prediction_time >= first) & (scored.prediction_time < last)
    return felt
