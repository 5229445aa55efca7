"""The check: evidence that the author does not make, judged by the policy, sealed as report and card."""

from collections.abc import Sequence
from datetime import datetime

from hospital.ingest.hospital_reader import HospitalTables
from hospital.profile.build import findings_to_look_at
from hospital.times import instant
from registry.candidates.candidates import Candidate, candidate
from registry.candidates.sealed_check import checker_key
from registry.cards.card_document import build_card
from registry.cards.report import Report, make_report
from registry.cards.situations import is_read_with_tables
from registry.check.checked_rows import Progress
from registry.check.recomputation import gather
from registry.digests import canonical_json, sha256_bytes, write_atomically
from registry.package.manifest import verify_package
from registry.policy.board_policy import Policy
from registry.record.database import open_database, writing
from registry.record.journal import append
from registry.settings import Settings

__all__ = ["check"]


def check(
    settings: Settings,
    model: str,
    version: str,
    policy: Policy,
    *,
    now: datetime,
    progress: Progress,
    refits: Sequence[str] | None = None,
    recent: HospitalTables | None = None,
) -> Report:
    """Recomputes, judges, seals report and card, and writes it into the journal.

    Args:
        refits: the command that makes the refits (`training.refits.child_command`); without it the explanation gate
            does not open.
        recent: tables of later days, which are then judged in place of the sealed ones. Such a report is kept
            and journaled, and seals nothing: the board approved what it read.

    Raises:
        RegistryError: the candidate, its package, its data or the current release is missing or was changed.
    """
    found = candidate(settings.candidates, model, version)
    evidence, tables = gather(settings, found, policy, progress, refits, recent)
    progress("judge", 0.85)
    report = make_report(evidence, policy)
    if is_read_with_tables(report.body):
        report = report.with_tables(findings_to_look_at(tables, now=instant(now)))
    if recent is not None:
        _keep_recent(settings, found, report, recent, now)
        progress("kept", 1.0)
        return report
    manifest = verify_package(found.package)
    card = build_card(manifest, report.body, [(f.table, f.code, f.message) for f in tables.findings])
    key = checker_key(settings, now)
    with writing(open_database(settings.database)) as connection:  # sealed and journaled, or neither
        found.seal(report.body, card, policy.content, key)
        subjects = {"model": model, "version": version, **found.digests()}
        append(
            connection, actor="vigie check", action="check", subjects=subjects, now=now, reason=report.verdict
        )
    progress("sealed", 1.0)
    return report


def _keep_recent(
    settings: Settings, found: Candidate, report: Report, recent: HospitalTables, now: datetime
) -> None:
    content = canonical_json(report.body)
    digest = sha256_bytes(content)
    write_atomically(found.folder / "recent" / f"{digest.removeprefix('sha256:')}.json", content)
    subjects = {
        "model": found.model,
        "version": found.version,
        "package_digest": found.package_digest,
        "policy_digest": str(report.body["policy_digest"]),
        "report_digest": digest,
        "data_digest": recent.source_digest,
    }
    with writing(open_database(settings.database)) as connection:
        append(
            connection,
            actor="vigie check",
            action="check recent",
            subjects=subjects,
            now=now,
            reason=report.verdict,
        )
