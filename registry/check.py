"""The check: evidence that the author does not make, judged by the policy, sealed as report and card."""

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from explain.verification import Verification
from hospital.events import Array
from hospital.features.probe import feature_digest
from hospital.reading import HospitalTables
from hospital.splits import PARTS, Split
from hospital.times import DAY
from registry.candidates import Candidate, candidate
from registry.card import build_card
from registry.daily import Rows, error_series, input_series
from registry.database import open_database, writing
from registry.errors import CandidateError, PackageError
from registry.evidence import ContractFacts, DailyInput, Evidence, Scored
from registry.explanation_facts import NO_EXPLANATION, explanation_facts, verified
from registry.feature_facts import feature_facts
from registry.in_use import InUse, served_today
from registry.journal import append
from registry.leakage import leakage_facts
from registry.model import ForecastModel
from registry.package import ALLOWED_FILES, package_digest
from registry.policy import Policy, load_policy
from registry.pooled import earlier_gaps
from registry.prepared import (
    PreparedBeds,
    PreparedWaits,
    fitted_until,
    history_days,
    split_of,
)
from registry.preparing import prepare
from registry.probed import ExplanationShift, Probed
from registry.proxy_facts import proxy_facts
from registry.refitting import Refitting
from registry.report import Report, make_report
from registry.required_groups import require_groups
from registry.scoring import read_reported, reported_arrays, score
from registry.settings import Settings
from registry.snapshot import open_snapshot
from registry.sobriety_facts import Costed, sobriety_facts
from registry.stability_facts import explanation_shift, stability_facts
from registry.tried import tries
from registry.whole_scores import score_whole

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
) -> Report:
    """Recomputes, judges, seals report and card, and writes it into the journal.

    Args:
        refits: the command that makes the refits (`training.commands`); without it the explanation gate does not open.

    Raises:
        RegistryError: the candidate, its package, its data or the current release is missing or was changed.
    """
    found = candidate(settings.candidates, model, version)
    evidence, tables = gather(settings, found, policy, progress, refits)
    progress("judge", 0.85)
    report = make_report(evidence, policy)
    manifest = ForecastModel(found.package).manifest
    card = build_card(manifest, report.body, [(f.table, f.code, f.message) for f in tables.findings])
    with writing(open_database(settings.database)) as connection:  # sealed and told, or neither
        found.seal(report.body, card, policy.content)
        subjects = {"model": model, "version": version, **found.digests()}
        append(
            connection, actor="vigie check", action="check", subjects=subjects, now=now, reason=report.verdict
        )
    progress("sealed", 1.0)
    return report


def gather(
    settings: Settings,
    found: Candidate,
    policy: Policy,
    progress: Progress,
    refits: Sequence[str] | None = None,
) -> tuple[Evidence, HospitalTables]:
    """The evidence of a candidate, recomputed from its package and the sealed snapshot."""
    progress("verify the package", 0.0)
    model = ForecastModel(found.package)
    if found.registration["body"]["package_digest"] != package_digest(found.package):
        raise PackageError("The package is not the one that was registered: train the model again.")
    command = refits if model.manifest.kind == "model" else None  # a simple rule has nothing to refit
    # Refits and verification work in child processes while the rest is recomputed.
    with Refitting(command, settings, found, policy) as refitting, ThreadPoolExecutor(1) as waiting:
        return _recomputed(settings, found, model, policy, refitting, waiting, progress)


def _recomputed(
    settings: Settings,
    found: Candidate,
    model: ForecastModel,
    policy: Policy,
    refitting: Refitting,
    waiting: ThreadPoolExecutor,
    progress: Progress,
) -> tuple[Evidence, HospitalTables]:
    body = found.registration["body"]
    progress("open the data snapshot", 0.05)
    tables = open_snapshot(settings.snapshots, body["data_digest"], body["seal_digest"])
    progress("recompute features", 0.1)
    prepared = prepare(model, tables)
    split = Split.from_json(model.manifest.split)
    at = prepared.prediction_time
    held: Future[Verification] | None = None
    if model.manifest.kind == "model":
        trees = (found.package / "median.ubj").read_bytes()
        held = waiting.submit(verified, trees, prepared.X, settings.home / "evidence")
    progress("recompute forecasts", 0.3)
    judge = score(model, prepared, split.members("judge", at))
    scope_part = score(model, prepared, split.members("scope", at))
    require_groups(policy, (scope_part, judge), tables)
    whole = score_whole(model.whole, judge)
    current = served_today(settings, found.model, tables, prepared, split)
    progress("look for drift", 0.5)
    inputs = _series(model, prepared, split) if model.manifest.kind == "model" else ()
    judged = prepared.part(split.members("judge", at))
    progress("compare with what was reported", 0.8)
    ours = _split_of(model, prepared)
    reported = read_reported(settings.home / "evidence", body["evidence_digest"])
    again = reported_arrays(judge, whole)
    contract = _contract(found, model, judged, judge, reported, again, split, same_split=ours == split)
    days_off = _history_off(model, prepared, split)
    contract = replace(contract, baselines_off=contract.baselines_off + days_off)
    progress("probe for leakage", 0.65)
    probed = Probed(
        leakage_facts(
            model.beds or model.waits_or_raise,
            judged,
            prepared if model.manifest.kind == "model" else None,
            times=policy.document.contract.probe_times,
        ),
        feature_facts(found, model, judged),
    )
    if model.manifest.kind == "model":
        refits = refitting.result(lambda done: progress("refit the model 20 times", 0.7 + 0.14 * done))
        rows = policy.document.explanation.proxy_rows
        probed = replace(
            probed,
            stability=stability_facts(model, judged, refits),
            shift=_shift(model, judged, current),
            proxies=proxy_facts(model, judged, refits, rows),
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
        history_days=(ours.spans["judge"][1] - ours.spans["fit"][0]) / DAY,
        hospital=whole,
        tries=_tries(settings, found, split.spans["judge"]),
        earlier_gaps=earlier_gaps(settings, found, split.spans["judge"]),
        probed=probed,
    )
    return evidence, tables


def _rule(model: ForecastModel, judged: Prepared) -> Array:
    """The median of the simple rule that this version serves outside its scope: float64 [judge rows]."""
    if isinstance(judged, PreparedBeds):
        quantiles = model.baseline_quantiles(judged.rows(model.beds_or_raise))
    else:
        quantiles = model.baseline_quantiles(judged.rows(model.waits_or_raise))
    return np.asarray(quantiles[:, quantiles.shape[1] // 2])


def _tries(settings: Settings, found: Candidate, span: tuple[int, int]) -> int:
    with open_database(settings.database).connect() as connection:
        return tries(connection, found.model, found.version, span)


def _split_of(model: ForecastModel, prepared: Prepared) -> Split:
    """The parts as this code cuts the sealed history: the author's own cut must be the same."""
    judge_from = model.manifest.configuration.get("judge_from")
    asked = judge_from if isinstance(judge_from, int) else None
    return split_of(prepared, model.manifest.horizons_hours, asked, model.manifest.kind)


def _series(model: ForecastModel, prepared: Prepared, split: Split) -> tuple[DailyInput, ...]:
    """What the drift gate judges: inputs of all days, and errors of the days that no tree was fitted to."""
    zone, judged_from = prepared.events.zone, split.spans["judge"][0]
    counted = isinstance(prepared, PreparedWaits)
    rows = Rows(prepared.prediction_time, prepared.X, prepared.features, counted)
    unfitted = prepared.prediction_time >= split.spans["calibrate"][0]
    return (
        *input_series(rows, judged_from, zone),
        *error_series(score(model, prepared, unfitted), judged_from, zone),
    )


def _shift(model: ForecastModel, judged: Prepared, current: InUse) -> ExplanationShift | None:
    if current.costed is None:
        return None
    if current.costed.model.manifest.kind != "model":
        return ExplanationShift((), np.empty((0, 0)), np.empty((0, 0)), judged.prediction_time.size)
    return explanation_shift(model, judged, current.costed.model, current.costed.judged)


def _contract(
    found: Candidate,
    model: ForecastModel,
    judged: Prepared,
    judge: Scored,
    reported: dict[str, Array],
    again: dict[str, Array],
    split: Split,
    *,
    same_split: bool,
) -> ContractFacts:
    same_rows = np.array_equal(reported["row_id"], again["row_id"])
    forecasts = outcomes = baselines = 0
    if same_rows:
        none = np.empty(0)
        forecasts = sum(_off(reported.get(n, none), again[n]) for n in ("p50", "hospital_p50") if n in again)
        outcomes = sum(
            _different(reported.get(n, none), again[n]) for n in ("outcome", "hospital_outcome") if n in again
        )
        names = [n for n in again if n.startswith("baseline_")]
        baselines = sum(_different(reported.get(n, none), again[n]) for n in names)
    spans = [split.spans[part] for part in PARTS if split.days(part) > 0]
    overlaps = sum(b[0] - a[1] < split.gap for a, b in itertools.pairwise(spans)) + int(not same_split)
    return ContractFacts(
        files_refused=len({p.name for p in found.package.iterdir()} - ALLOWED_FILES - {"manifest.json"}),
        infinite_features=int(np.isinf(judged.X).sum()),
        crossing_quantiles=int((np.diff(judge.quantiles, axis=1) < 0).any(axis=1).sum()),
        forecasts_off=forecasts,
        outcomes_off=outcomes,
        baselines_off=baselines,
        rows_off=0 if same_rows else abs(len(reported["row_id"]) - judge.size) or judge.size,
        feature_digest_equal=model.manifest.feature_digest == feature_digest(model.name),
        split_overlaps=overlaps,
        rows=judge.size,
    )


def _history_off(model: ForecastModel, prepared: Prepared, split: Split) -> int:
    """Units whose days of history, which say whether the model may answer for them, are not what the data say."""
    if not isinstance(prepared, PreparedBeds):
        return 0
    baselines = model.beds_or_raise
    last = "calibrate" if model.manifest.kind == "model" else "fit"
    start = split.spans["fit"][0]
    mine = fitted_until(prepared, split, last) & (prepared.prediction_time >= start)
    days = history_days(prepared.part(mine), len(baselines.units))
    return int((~np.isclose(days, baselines.days, rtol=0, atol=1e-6)).sum())


def _off(a: Array, b: Array) -> int:
    """Forecasts that differ by more than an ulp; all where there are not as many."""
    if a.shape != b.shape:
        return int(b.size)
    both = np.isnan(a) & np.isnan(b)
    return int((~(both | (np.abs(a - b) <= np.spacing(np.maximum(np.abs(a), np.abs(b)))))).sum())


def _different(a: Array, b: Array) -> int:
    if a.shape != b.shape:
        return int(b.size)
    return int((~((a == b) | (np.isnan(a) & np.isnan(b)))).sum())


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
