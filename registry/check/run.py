"""The check: evidence that the author does not make, judged by the policy, sealed as report and card."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from explain.verification import Verification
from hospital.arrays import Array
from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import DAY
from registry.cards.card_document import build_card
from registry.cards.report import Report, make_report
from registry.check.incumbent import InUse, served_today
from registry.check.multiplicity import tries
from registry.check.recent_data import daily_series, later
from registry.check.required_groups import require_groups
from registry.check.small_groups import earlier_gaps
from registry.digests import canonical_json, sha256_bytes, write_atomically
from registry.errors import CandidateError, PackageError
from registry.evidence.probe_records import ExplanationShift, Probed
from registry.evidence.records import DailyInput, Evidence, Scored
from registry.facts.contract_facts import contract_facts, history_off
from registry.facts.efficiency_facts import Costed, sobriety_facts
from registry.facts.explanation_facts import NO_EXPLANATION, explanation_facts, verified
from registry.facts.feature_facts import feature_facts
from registry.facts.leakage_probes import leakage_facts
from registry.facts.proxy_facts import proxy_facts
from registry.facts.refit_cache import Refitting
from registry.facts.stability_facts import explanation_shift, stability_facts
from registry.model.dataset import (
    PreparedBeds,
    PreparedWaits,
    split_of,
)
from registry.model.feature_groups import rows_of
from registry.model.forecast_model import ForecastModel
from registry.model.hospital_total_scores import score_whole
from registry.model.package_dataset import prepare
from registry.model.scoring import read_reported, reported_arrays, score
from registry.package.manifest import package_digest, verify_package
from registry.policy.board_policy import Policy, load_policy
from registry.record.database import open_database, writing
from registry.record.journal import append
from registry.settings import Settings
from registry.trust.candidates import Candidate, candidate
from registry.trust.snapshots import open_snapshot

__all__ = ["check", "gather"]

Progress = Callable[[str, float], None]
Prepared = PreparedBeds | PreparedWaits


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
        refits: the command that makes the refits (`training.child_commands`); without it the explanation gate does
        not open. recent: tables of later days, which are then judged in place of the sealed ones. Such a report is
        kept and journaled, and seals nothing: the board approved what it read.

    Raises:
        RegistryError: the candidate, its package, its data or the current release is missing or was changed.
    """
    found = candidate(settings.candidates, model, version)
    evidence, tables = gather(settings, found, policy, progress, refits, recent)
    progress("judge", 0.85)
    report = make_report(evidence, policy)
    if recent is not None:
        _keep_recent(settings, found, report, recent, now)
        progress("kept", 1.0)
        return report
    manifest = verify_package(found.package)
    card = build_card(manifest, report.body, [(f.table, f.code, f.message) for f in tables.findings])
    with writing(open_database(settings.database)) as connection:  # sealed and told, or neither
        found.seal(report.body, card, policy.content)
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


def gather(
    settings: Settings,
    found: Candidate,
    policy: Policy,
    progress: Progress,
    refits: Sequence[str] | None = None,
    recent: HospitalTables | None = None,
) -> tuple[Evidence, HospitalTables]:
    """The evidence of a candidate, recomputed from its package and the sealed snapshot, or later tables."""
    progress("verify the package", 0.0)
    model = ForecastModel(found.package)
    if found.registration["body"]["package_digest"] != package_digest(found.package):
        raise PackageError("The package is not the one that was registered: train the model again.")
    command = refits if model.manifest.kind == "model" else None  # a simple rule has nothing to refit
    # Refits and verification work in child processes while the rest is recomputed.
    with Refitting(command, settings, found, policy) as refitting, ThreadPoolExecutor(3) as waiting:
        return _recomputed(settings, found, model, policy, refitting, waiting, progress, recent)


def _recomputed(
    settings: Settings,
    found: Candidate,
    model: ForecastModel,
    policy: Policy,
    refitting: Refitting,
    waiting: ThreadPoolExecutor,
    progress: Progress,
    recent: HospitalTables | None,
) -> tuple[Evidence, HospitalTables]:
    body = found.registration["body"]
    progress("open the data snapshot", 0.05)
    tables = open_snapshot(settings.snapshots, body["data_digest"], body["seal_digest"])
    progress("recompute features", 0.1)
    sealed = prepare(model, tables)
    registered = Split.from_json(model.manifest.split)
    ours = _split_of(model, sealed)
    prepared, split = (sealed, registered) if recent is None else later(model, recent, registered)
    at = prepared.prediction_time
    held: Future[Verification] | None = None
    if model.manifest.kind == "model":
        trees = (found.package / "median.ubj").read_bytes()
        held = waiting.submit(verified, trees, prepared.X, settings.home / "evidence")
    progress("recompute forecasts", 0.3)
    judge = score(model, prepared, split.members("judge", at))
    judged = prepared.part(split.members("judge", at))
    scope_part = score(model, sealed, split.members("scope", sealed.prediction_time))
    require_groups(policy, (scope_part, judge), tables)
    probing = waiting.submit(
        leakage_facts,
        model.beds or model.waits_or_raise,
        judged,
        prepared if model.manifest.kind == "model" else None,
        times=policy.document.contract.probe_times,
    )
    following = waiting.submit(_inputs, model, sealed, prepared, split, judge)
    whole = score_whole(model.whole, judge)
    current = served_today(settings, found.model, recent or tables, prepared, split)
    progress("compare with what was reported", 0.6)
    reported = read_reported(settings.home / "evidence", body["evidence_digest"]) if recent is None else None
    again = reported_arrays(judge, whole)
    contract = contract_facts(
        found, model, judged, judge, reported, again, split, same_split=ours == registered
    )
    days_off = history_off(model, sealed, registered)
    contract = replace(contract, baselines_off=contract.baselines_off + days_off)
    progress("look for drift", 0.62)
    inputs = following.result()
    progress("probe for leakage", 0.65)
    probed = Probed(
        probing.result(),
        feature_facts(found, model, judged),
    )
    if model.manifest.kind == "model":
        refits = refitting.result(lambda done: progress("refit the model 20 times", 0.7 + 0.14 * done))
        rows = policy.document.explanation.proxy_rows
        # The refits were asked about the sealed rows, also where later ones are judged.
        asked = sealed.part(registered.members("judge", sealed.prediction_time))
        probed = replace(
            probed,
            stability=stability_facts(model, asked, refits),
            shift=_shift(model, judged, current),
            proxies=proxy_facts(model, asked, refits, rows),
            sobriety=sobriety_facts(
                Costed(model, found.package, judged, body), current.costed, settings.home / "evidence"
            ),
        )
    progress("verify explanations", 0.84)
    explanation = explanation_facts(model, judged, held.result) if held is not None else NO_EXPLANATION
    evidence = Evidence(
        model=found.model,
        version=found.version,
        kind=model.manifest.kind,
        package_digest=package_digest(found.package),
        scope_part=scope_part,
        judge=judge,
        current=current.quantiles,
        current_version=current.version,
        rule=_rule(model, judged),
        current_expected=current.expected,
        inputs=inputs,
        contract=contract,
        explanation=explanation,
        history_days=(split.spans["judge"][1] - ours.spans["fit"][0]) / DAY,
        hospital=whole,
        tries=_tries(settings, found, split.spans["judge"]),
        earlier_gaps=earlier_gaps(settings, found, split.spans["judge"]),
        probed=probed,
    )
    return evidence, recent or tables


def _inputs(
    model: ForecastModel, sealed: Prepared, prepared: Prepared, split: Split, judge: Scored
) -> tuple[DailyInput, ...]:
    """A simple rule has no inputs that could drift."""
    return daily_series(model, sealed, prepared, split, judge) if model.manifest.kind == "model" else ()


def _rule(model: ForecastModel, judged: Prepared) -> Array:
    """The median of the simple rule that this version serves outside its scope: float64 [judge rows]."""
    quantiles = model.baseline_quantiles(rows_of(model, judged))
    return np.asarray(quantiles[:, quantiles.shape[1] // 2])


def _tries(settings: Settings, found: Candidate, span: tuple[int, int]) -> int:
    with open_database(settings.database).connect() as connection:
        return tries(connection, found.model, found.version, span)


def _split_of(model: ForecastModel, prepared: Prepared) -> Split:
    """The parts as this code cuts the sealed history: the author's own cut must be the same."""
    judge_from = model.manifest.configuration.get("judge_from")
    asked = judge_from if isinstance(judge_from, int) else None
    return split_of(prepared, model.manifest.horizons_hours, asked, model.manifest.kind)


def _shift(model: ForecastModel, judged: Prepared, current: InUse) -> ExplanationShift | None:
    if current.costed is None:
        return None
    if current.costed.model.manifest.kind != "model":
        return ExplanationShift((), np.empty((0, 0)), np.empty((0, 0)), judged.prediction_time.size)
    return explanation_shift(model, judged, current.costed.model, current.costed.judged)


def policy_from(path: Path | None, default: Policy) -> Policy:
    """The policy in a file, or the default one.

    Raises:
        PolicyError: it may not be used. CandidateError: the file cannot be read.
    """
    if path is None:
        return default
    try:
        return load_policy(path.read_bytes())
    except OSError as error:
        raise CandidateError(
            f"The policy {path} cannot be read ({error.strerror}): check its path."
        ) from None
