"""The evidence of a candidate, made again step by step from its package and the data it names.

verify the package → open the rows → score them → compare with what was reported → look for drift → probe → explain

Whatever the author computed, a check computes itself. Probes, refits and verification, which take longest, work beside
the steps that do not wait for them.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from explain.verification import Verification
from hospital.arrays import Array
from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import DAY
from registry.candidates.candidates import Candidate
from registry.candidates.snapshots import open_snapshot
from registry.check.admission_evidence import admission_rows
from registry.check.boarding_evidence import boarding_rows
from registry.check.checked_rows import CheckedRows, Prepared, Progress, Scores, Subject
from registry.check.exceedance_evidence import exceedance_rows
from registry.check.incumbent import InUse, served_today
from registry.check.multiplicity import attempts
from registry.check.recent_data import daily_series, held_back_errors, later
from registry.check.reported_results import compare_with_reported
from registry.check.required_groups import require_groups
from registry.check.small_groups import earlier_gaps
from registry.check.total_exceedance_evidence import total_exceedance_rows
from registry.errors import PackageError
from registry.evidence.probe_records import ExplanationShift, LeakageFacts, Probed
from registry.evidence.records import DailyInput, Evidence, ExplanationFacts
from registry.facts.efficiency_facts import Costed, efficiency_facts
from registry.facts.explanation_facts import NO_EXPLANATION, explanation_facts, verified
from registry.facts.feature_facts import feature_facts
from registry.facts.leakage_probes import leakage_facts
from registry.facts.proxy_facts import proxy_facts
from registry.facts.refit_cache import Refitting
from registry.facts.stability_facts import explanation_shift, stability_facts
from registry.model.dataset import PreparedBeds, split_of
from registry.model.feature_groups import rows_of
from registry.model.forecast_model import ForecastModel
from registry.model.hospital.hospital_total_scores import score_hospital_total
from registry.model.scoring import prepare, prepare_held_back, score
from registry.package.manifest import package_digest
from registry.policy.board_policy import Policy
from registry.record.database import open_database
from registry.settings import Settings
from registry.trust.service_keys import accepted_keys

__all__ = ["gather"]


def gather(
    settings: Settings,
    found: Candidate,
    policy: Policy,
    progress: Progress,
    refits: Sequence[str] | None = None,
    recent: HospitalTables | None = None,
) -> tuple[Evidence, HospitalTables]:
    """The evidence of a candidate, recomputed from its package and the sealed snapshot, or later tables.

    Raises:
        RegistryError: the package, the data or the current release is missing or was changed.
    """
    progress("verify the package", 0.0)
    model = ForecastModel(found.package)
    if found.registration["body"]["package_digest"] != package_digest(found.package):
        raise PackageError("registry.package.not_registered")
    subject = Subject(settings, found, model, policy, progress)
    command = refits if subject.is_model else None  # a baseline has nothing to refit
    with Refitting(command, settings, found, policy) as refitting, ThreadPoolExecutor(3) as pool:
        return _evidence(subject, refitting, pool, recent)


@dataclass(frozen=True)
class _BesideTheSteps:
    """Work that goes on beside the steps; its results are waited for where they are needed."""

    verification: Future[Verification] | None
    leakage: Future[LeakageFacts]
    inputs: Future[tuple[DailyInput, ...]]


def _evidence(
    subject: Subject, refitting: Refitting, pool: ThreadPoolExecutor, recent: HospitalTables | None
) -> tuple[Evidence, HospitalTables]:
    rows = _open_rows(subject, recent)
    verification = _begin_verification(subject, rows, pool)
    scores = _score(subject, rows)
    require_groups(subject.policy, (scores.validation, scores.test), rows.tables)
    judged = rows.judged
    beside = _begin_beside(subject, rows, judged, scores, verification, pool)
    current = served_today(
        subject.settings, subject.candidate.model, recent or rows.tables, rows.prepared, rows.split
    )
    contract = compare_with_reported(subject, rows, judged, scores, is_recent=recent is not None)
    subject.progress("look for drift", 0.62)
    inputs = beside.inputs.result()
    probed = _probe(subject, rows, judged, beside, refitting, current)
    explanation = _explain(subject, judged, beside)
    span = rows.split.spans["test"]
    evidence = Evidence(
        model=subject.candidate.model,
        version=subject.candidate.version,
        kind=subject.model.manifest.kind,
        package_digest=package_digest(subject.candidate.package),
        validation=scores.validation,
        test=scores.test,
        current=current.quantiles,
        current_version=current.version,
        baseline=_baseline(subject.model, judged),
        current_expected=current.expected,
        inputs=inputs,
        contract=contract,
        explanation=explanation,
        history_days=(span[1] - rows.ours.spans["train"][0]) / DAY,
        hospital=scores.whole,
        exceedances=exceedance_rows(subject.model, rows.prepared, rows.split, scores.test),
        totals=total_exceedance_rows(subject.model, rows.prepared, rows.split, scores.test),
        admissions=admission_rows(subject.model, rows.prepared.events, rows.split),
        boarding=boarding_rows(subject.model, rows.prepared, rows.split, scores.test),
        attempts=_attempts(subject, span),
        earlier_gaps=earlier_gaps(subject.settings, subject.candidate, span),
        probed=probed,
    )
    return evidence, recent or rows.tables


def _open_rows(subject: Subject, recent: HospitalTables | None) -> CheckedRows:
    body, model = subject.candidate.registration["body"], subject.model
    subject.progress("open the data snapshot", 0.05)
    keys = accepted_keys(subject.settings)
    tables = open_snapshot(subject.settings.snapshots, body["data_digest"], body["seal_digest"], keys)
    subject.progress("recompute features", 0.1)
    sealed = prepare(model, tables)
    registered = Split.from_json(model.manifest.split)
    ours = _split_of(model, sealed)
    prepared, split = (sealed, registered) if recent is None else later(model, recent, registered)
    earlier = prepare_held_back(model, sealed, registered)
    return CheckedRows(tables, sealed, earlier, prepared, registered, ours, split)


def _split_of(model: ForecastModel, prepared: Prepared) -> Split:
    """The parts as this code cuts the sealed history: the author's own cut must be the same."""
    test_from = model.manifest.configuration.get("test_from")
    asked = test_from if isinstance(test_from, int) else None
    return split_of(prepared, model.manifest.horizons_hours, asked, model.manifest.kind)


def _begin_verification(
    subject: Subject, rows: CheckedRows, pool: ThreadPoolExecutor
) -> Future[Verification] | None:
    if not subject.is_model:
        return None
    trees = (subject.candidate.package / "median.ubj").read_bytes()
    return pool.submit(verified, trees, rows.prepared.X, subject.settings.home / "evidence")


def _score(subject: Subject, rows: CheckedRows) -> Scores:
    subject.progress("recompute forecasts", 0.3)
    model = subject.model
    test = score(model, rows.prepared, rows.split.members("test", rows.prepared.prediction_time))
    total = score_hospital_total(model.hospital_total, test)
    if not isinstance(rows.earlier, PreparedBeds):
        held_back = rows.registered.members("validation", rows.earlier.prediction_time)
        return Scores(score(model.held_back, rows.earlier, held_back), test, total)
    # A row of beds is scored alike among any others: once, for the validation set and for the drift of errors.
    before = held_back_errors(model, rows.earlier, rows.registered)
    validation = before.part(rows.registered.members("validation", before.prediction_time))
    return Scores(validation, test, total, before)


def _begin_beside(
    subject: Subject,
    rows: CheckedRows,
    judged: Prepared,
    scores: Scores,
    verification: Future[Verification] | None,
    pool: ThreadPoolExecutor,
) -> _BesideTheSteps:
    model = subject.model
    leakage = pool.submit(
        leakage_facts,
        model.beds or model.waits_or_raise,
        judged,
        rows.prepared if subject.is_model else None,
        times=subject.policy.document.contract.probe_times,
    )
    inputs = pool.submit(_inputs, subject, rows, scores)
    return _BesideTheSteps(verification, leakage, inputs)


def _inputs(subject: Subject, rows: CheckedRows, scores: Scores) -> tuple[DailyInput, ...]:
    """A baseline has no inputs that could drift."""
    if not subject.is_model:
        return ()
    months = subject.policy.monitor.epidemic_months
    given = (rows.sealed, rows.earlier, rows.prepared, rows.split, scores.test, months)
    return daily_series(subject.model, *given, before_test=scores.before_test)


def _probe(
    subject: Subject,
    rows: CheckedRows,
    judged: Prepared,
    beside: _BesideTheSteps,
    refitting: Refitting,
    current: InUse,
) -> Probed:
    subject.progress("probe for leakage", 0.65)
    model, home = subject.model, subject.settings.home
    probed = Probed(beside.leakage.result(), feature_facts(subject.candidate, model, judged))
    if not subject.is_model:
        return probed
    refits = refitting.result(lambda done: subject.progress("refit the model 20 times", 0.7 + 0.14 * done))
    asked = rows.sealed_judged
    body = subject.candidate.registration["body"]
    costed = Costed(model, subject.candidate.package, judged, body)
    return replace(
        probed,
        stability=stability_facts(model, asked, refits),
        shift=_shift(model, judged, current),
        proxies=proxy_facts(model, asked, refits, subject.policy.document.explanation.proxy_rows),
        efficiency=efficiency_facts(costed, current.costed, home / "evidence"),
    )


def _explain(subject: Subject, judged: Prepared, beside: _BesideTheSteps) -> ExplanationFacts:
    subject.progress("verify explanations", 0.84)
    if beside.verification is None:
        return NO_EXPLANATION
    return explanation_facts(subject.model, judged, beside.verification.result)


def _baseline(model: ForecastModel, judged: Prepared) -> Array:
    """The median of the baseline that this version serves outside its scope: float64 [test rows]."""
    quantiles = model.baseline_quantiles(rows_of(model, judged))
    return np.asarray(quantiles[:, quantiles.shape[1] // 2])


def _attempts(subject: Subject, span: tuple[int, int]) -> int:
    with open_database(subject.settings.database).connect() as connection:
        return attempts(connection, subject.candidate.model, subject.candidate.version, span)


def _shift(model: ForecastModel, judged: Prepared, current: InUse) -> ExplanationShift | None:
    if current.costed is None:
        return None
    if current.costed.model.manifest.kind != "model":
        return ExplanationShift((), np.empty((0, 0)), np.empty((0, 0)), judged.prediction_time.size)
    return explanation_shift(model, judged, current.costed.model, current.costed.judged)
