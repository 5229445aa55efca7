"""The evidence of a candidate, made again step by step from its package and the data it names.

verify the package → open the rows → score them → compare with what was reported → look for drift → probe → explain

Whatever the author computed, a check computes itself. Probes, refits and verification, which take longest, work beside
the steps that do not wait for them.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from explain.verification import Verification
from hospital.arrays import Array
from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import DAY
from registry.candidates.candidates import Candidate
from registry.candidates.snapshots import open_snapshot, tombstone_of
from registry.check.incumbent import InUse, served_today
from registry.check.multiplicity import attempts
from registry.check.recent_data import daily_series, later
from registry.check.required_groups import require_groups
from registry.check.small_groups import earlier_gaps
from registry.errors import PackageError
from registry.evidence.probe_records import ExplanationShift, LeakageFacts, Probed
from registry.evidence.records import ContractFacts, DailyInput, Evidence, ExplanationFacts, Scored
from registry.facts.contract_facts import contract_facts, history_off
from registry.facts.efficiency_facts import Costed, efficiency_facts
from registry.facts.explanation_facts import NO_EXPLANATION, explanation_facts, verified
from registry.facts.feature_facts import feature_facts
from registry.facts.leakage_probes import leakage_facts
from registry.facts.proxy_facts import proxy_facts
from registry.facts.refit_cache import Refitting
from registry.facts.stability_facts import explanation_shift, stability_facts
from registry.model.dataset import PreparedBeds, PreparedWaits, split_of
from registry.model.feature_groups import rows_of
from registry.model.forecast_model import ForecastModel
from registry.model.hospital_total_scores import score_hospital_total
from registry.model.scoring import prepare, read_reported, reported_arrays, score
from registry.package.manifest import package_digest
from registry.policy.board_policy import Policy
from registry.record.database import open_database
from registry.settings import Settings
from registry.trust.service_keys import accepted_keys

__all__ = ["Progress", "gather"]

Progress = Callable[[str, float], None]
Prepared = PreparedBeds | PreparedWaits


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
    subject = _Subject(settings, found, model, policy, progress)
    command = refits if subject.is_model else None  # a baseline has nothing to refit
    with Refitting(command, settings, found, policy) as refitting, ThreadPoolExecutor(3) as pool:
        return _evidence(subject, refitting, pool, recent)


@dataclass(frozen=True)
class _Subject:
    """What is checked, where, by which policy."""

    settings: Settings
    candidate: Candidate
    model: ForecastModel
    policy: Policy
    progress: Progress

    @property
    def is_model(self) -> bool:
        """Whether it is a model; else a baseline alone, of which much cannot be asked."""
        return self.model.manifest.kind == "model"


@dataclass(frozen=True)
class _CheckedRows:
    """The rows that are checked.

    Attributes:
        sealed: those that the version was registered on.
        prepared: those that are judged; the same, or later ones.
        registered: the parts as the manifest has them.
        ours: as this code cuts the sealed rows.
        split: of `prepared`.
    """

    tables: HospitalTables
    sealed: Prepared
    prepared: Prepared
    registered: Split
    ours: Split
    split: Split

    @property
    def judged(self) -> Prepared:
        """The rows of the test set."""
        return self.prepared.part(self.split.members("test", self.prepared.prediction_time))

    @property
    def sealed_judged(self) -> Prepared:
        """The sealed rows of the test set: what refits were asked about, also where later rows are judged."""
        return self.sealed.part(self.registered.members("test", self.sealed.prediction_time))


@dataclass(frozen=True)
class _Scores:
    """Scored rows: of the validation set, the test set, and the hospital total's where the package forecasts it."""

    validation: Scored
    test: Scored
    whole: Scored | None


@dataclass(frozen=True)
class _BesideTheSteps:
    """Work that goes on beside the steps; its results are waited for where they are needed."""

    verification: Future[Verification] | None
    leakage: Future[LeakageFacts]
    inputs: Future[tuple[DailyInput, ...]]


def _evidence(
    subject: _Subject, refitting: Refitting, pool: ThreadPoolExecutor, recent: HospitalTables | None
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
    contract = _compare_with_reported(subject, rows, judged, scores, is_recent=recent is not None)
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
        attempts=_attempts(subject, span),
        earlier_gaps=earlier_gaps(subject.settings, subject.candidate, span),
        probed=probed,
    )
    return evidence, recent or rows.tables


def _open_rows(subject: _Subject, recent: HospitalTables | None) -> _CheckedRows:
    body, model = subject.candidate.registration["body"], subject.model
    subject.progress("open the data snapshot", 0.05)
    keys = accepted_keys(subject.settings)
    tables = open_snapshot(subject.settings.snapshots, body["data_digest"], body["seal_digest"], keys)
    subject.progress("recompute features", 0.1)
    sealed = prepare(model, tables)
    registered = Split.from_json(model.manifest.split)
    ours = _split_of(model, sealed)
    prepared, split = (sealed, registered) if recent is None else later(model, recent, registered)
    return _CheckedRows(tables, sealed, prepared, registered, ours, split)


def _split_of(model: ForecastModel, prepared: Prepared) -> Split:
    """The parts as this code cuts the sealed history: the author's own cut must be the same."""
    test_from = model.manifest.configuration.get("test_from")
    asked = test_from if isinstance(test_from, int) else None
    return split_of(prepared, model.manifest.horizons_hours, asked, model.manifest.kind)


def _begin_verification(
    subject: _Subject, rows: _CheckedRows, pool: ThreadPoolExecutor
) -> Future[Verification] | None:
    if not subject.is_model:
        return None
    trees = (subject.candidate.package / "median.ubj").read_bytes()
    return pool.submit(verified, trees, rows.prepared.X, subject.settings.home / "evidence")


def _score(subject: _Subject, rows: _CheckedRows) -> _Scores:
    subject.progress("recompute forecasts", 0.3)
    model = subject.model
    test = score(model, rows.prepared, rows.split.members("test", rows.prepared.prediction_time))
    validation = score(model, rows.sealed, rows.split.members("validation", rows.sealed.prediction_time))
    return _Scores(validation, test, score_hospital_total(model.hospital_total, test))


def _begin_beside(
    subject: _Subject,
    rows: _CheckedRows,
    judged: Prepared,
    scores: _Scores,
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
    inputs = pool.submit(_inputs, subject, rows, scores.test)
    return _BesideTheSteps(verification, leakage, inputs)


def _inputs(subject: _Subject, rows: _CheckedRows, test: Scored) -> tuple[DailyInput, ...]:
    """A baseline has no inputs that could drift."""
    if not subject.is_model:
        return ()
    months = subject.policy.monitor.epidemic_months
    return daily_series(subject.model, rows.sealed, rows.prepared, rows.split, test, months)


def _compare_with_reported(
    subject: _Subject, rows: _CheckedRows, judged: Prepared, scores: _Scores, *, is_recent: bool
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


def _reported(subject: _Subject, digest: str) -> dict[str, Array]:
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


def _felt(rows: _CheckedRows, scored: Scored) -> Array:
    """Which rows may be others than reported, since somebody was erased: bool [rows]."""
    felt = np.zeros(scored.size, bool)
    for first, last in rows.tables.erased:
        felt |= (scored.prediction_time >= first) & (scored.prediction_time < last)
    return felt


def _probe(
    subject: _Subject,
    rows: _CheckedRows,
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


def _explain(subject: _Subject, judged: Prepared, beside: _BesideTheSteps) -> ExplanationFacts:
    subject.progress("verify explanations", 0.84)
    if beside.verification is None:
        return NO_EXPLANATION
    return explanation_facts(subject.model, judged, beside.verification.result)


def _baseline(model: ForecastModel, judged: Prepared) -> Array:
    """The median of the baseline that this version serves outside its scope: float64 [test rows]."""
    quantiles = model.baseline_quantiles(rows_of(model, judged))
    return np.asarray(quantiles[:, quantiles.shape[1] // 2])


def _attempts(subject: _Subject, span: tuple[int, int]) -> int:
    with open_database(subject.settings.database).connect() as connection:
        return attempts(connection, subject.candidate.model, subject.candidate.version, span)


def _shift(model: ForecastModel, judged: Prepared, current: InUse) -> ExplanationShift | None:
    if current.costed is None:
        return None
    if current.costed.model.manifest.kind != "model":
        return ExplanationShift((), np.empty((0, 0)), np.empty((0, 0)), judged.prediction_time.size)
    return explanation_shift(model, judged, current.costed.model, current.costed.judged)
