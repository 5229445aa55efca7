"""From a hospital's tables to a registered candidate."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib.metadata import version as installed
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from explain.verification import verify_apart
from hospital.dataset.samples import WARM_UP_DAYS
from hospital.dataset.splits import HORIZONS_HOURS, Split
from hospital.errors import HistoryError
from hospital.features.definition_digest import feature_digest
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import HospitalTables
from hospital.record.events import Events
from hospital.times import DAY, instant
from registry.candidates.candidates import Candidate, register
from registry.candidates.snapshots import seal_snapshot
from registry.check.multiplicity import registered_span
from registry.facts.energy import Meter
from registry.mlflow_flavour import flavour_of
from registry.mlflow_records import Data
from registry.mlflow_store import record
from registry.model.dataset import PreparedBeds, PreparedWaits, prepare_beds, prepare_waits, split_of
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import reported_scores, write_reported
from registry.package.manifest import MODELS, write_package
from registry.record.database import open_database, writing
from registry.record.journal import append
from registry.settings import Settings
from registry.trust.keys import Key
from training.ablation import Ablation, ablate
from training.errors import TrainingError
from training.horizon_trees import rounds_of
from training.packages.interval_ends import QUANTILE_ROUNDS
from training.packages.lessons import lesson_of
from training.packages.package_build import Fitted, fit_baselines, fit_beds, fit_waits
from training.packages.package_manifest import manifest_of
from training.packages.package_request import Request
from training.provenance import code_commit
from training.trees import SPREAD_ROUNDS
from training.tune import Tuned, tune

__all__ = ["Built", "Trained", "build_package", "train"]

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Built:
    """What a package was made of, and what was found on the way.

    Attributes:
        tuned, ablation: None and empty where they were not asked for.
    """

    prepared: PreparedBeds | PreparedWaits
    split: Split
    tuned: Tuned | None
    ablation: tuple[Ablation, ...]


@dataclass(frozen=True)
class Trained:
    """A registered candidate, what its author measured on the test set, and what was found on the training set.

    Attributes:
        days: of the whole history, the warm-up included.
    """

    candidate: Candidate
    metrics: dict[str, float]
    tuned: Tuned | None
    ablation: tuple[Ablation, ...]
    days: float


def train(
    request: Request,
    tables: HospitalTables,
    settings: Settings,
    *,
    key: Key | None,
    now: datetime,
    progress: Progress,
    comment: str = "",
) -> Trained:
    """Trains, packages and registers a model.

    Raises:
        TrainingError, HistoryError: the tables do not serve for this model.
    """
    meter = Meter()
    progress("seal the data snapshot", 0.0)
    seal = seal_snapshot(settings.snapshots, tables)
    with tempfile.TemporaryDirectory(prefix="vigie-") as folder:
        directory = Path(folder) / "package"
        built = build_package(request, tables, directory, progress, settings.home / "tuning")
        prepared, split = built.prepared, built.split
        progress("score the test set", 0.9)
        model = ForecastModel(directory)
        scores, metrics = reported_scores(model, prepared, split)
        verified = None  # a baseline has no trees to hold against another implementation
        if request.kind == "model":
            progress("hold the explanations against XGBoost and shap", 0.92)
            verified = verify_apart((directory / "median.ubj").read_bytes(), prepared.X).to_json()
        progress("register", 0.97)
        evidence = write_reported(settings.home / "evidence", scores)
        tags = {"data_digest": tables.source_digest, "feature_digest": model.manifest.feature_digest}
        parameters: dict[str, object] = {**model.manifest.configuration, "seed": request.seed}
        version = record(
            settings.home,
            request.model,
            directory,
            flavour_of(model),
            data=Data(tables.source_digest, seal, model.manifest.data_rows),
            parameters=parameters,
            metrics=metrics,
            tags=tags,
        )
        body = {
            "data_digest": tables.source_digest,
            "seal_digest": seal,
            "evidence_digest": evidence,
            "explanations": verified,
            "tuning": None if built.tuned is None else built.tuned.to_json(),
            "ablation": [asdict(a) for a in built.ablation],
            "energy": meter.read().to_json(),
            "comment": comment,
            "at": instant(now),
        }
        with writing(open_database(settings.database)) as connection:  # registered and journaled, or neither
            candidate = register(settings.candidates, request.model, version, directory, body, key)
            _journal(connection, candidate, split, key, now)
    progress("registered", 1.0)
    first, last = split.spans["train"][0], split.spans["test"][1]
    days = (last - first + split.gap) / DAY + WARM_UP_DAYS
    return Trained(candidate, metrics, built.tuned, built.ablation, days)


def build_package(
    request: Request,
    tables: HospitalTables,
    directory: Path,
    progress: Progress,
    searches: Path | None = None,
) -> Built:
    """Writes the package of a model: the same request, tables, code and lock give the same bytes.

    Args:
        searches: where trials of `request.trials` are kept; None: beside the package.
    """
    if request.model not in MODELS:
        raise TrainingError("errors.training.no_model", model=request.model, models=", ".join(MODELS))
    if request.trials and request.kind == "baseline":
        raise TrainingError("errors.training.nothing_to_tune")
    progress("compute features", 0.05)
    events = events_of(tables)
    horizons = _horizons(request, events)
    prepared = _prepare(request.model, events, tables, horizons)
    split = split_of(prepared, horizons, request.test_from, request.kind)
    folder = searches or directory.parent / "tuning"
    searched = request.trials > 0
    tuned = _tune(request, tables, prepared, split, horizons, folder, progress) if searched else None
    chosen = request if tuned is None else replace(request, hyperparameters=tuned.hyperparameters)
    fitted = _fit(chosen, prepared, split, progress)
    ablation: tuple[Ablation, ...] = ()
    if request.ablation and request.kind == "model":
        with suppress(HistoryError):  # too little to try anything on is no reason not to have the model
            ablation = ablate(
                prepared,
                split,
                seed=request.seed,
                threads=request.threads,
                progress=lambda done: progress("leave out each group of features", 0.8 + 0.1 * done),
            )
    write_package(directory, manifest_of(chosen, tables, prepared, split, horizons), fitted.files)
    return Built(prepared, split, tuned, ablation)


def _tune(
    request: Request,
    tables: HospitalTables,
    prepared: PreparedBeds | PreparedWaits,
    split: Split,
    horizons: Sequence[float],
    folder: Path,
    progress: Progress,
) -> Tuned:
    subject = {
        "model": request.model,
        "data_digest": tables.source_digest,
        "feature_digest": feature_digest(request.model),
        "features": [f.name for f in prepared.features],
        "split": split.to_json(),
        "horizons_hours": list(horizons),
        "code_commit": code_commit(),
        "xgboost": installed("xgboost-cpu"),
    }
    return tune(
        lesson_of(prepared, split),
        request.trials,
        subject=subject,
        folder=folder,
        seed=request.seed,
        threads=request.threads,
        progress=lambda done: progress(f"tune, {request.trials} trials", 0.1 + 0.05 * done),
    )


def _fit(
    request: Request, prepared: PreparedBeds | PreparedWaits, split: Split, progress: Progress
) -> Fitted:
    if request.kind == "baseline":
        return fit_baselines(prepared, split)
    # Fitted to be calibrated, and to be served; of beds once more for the scope, and the spread only once.
    rounds, done = 2 * request.hyperparameters.rounds + 4 * QUANTILE_ROUNDS, 0
    if isinstance(prepared, PreparedBeds):
        horizons = np.unique(prepared.samples.query.horizon_hours).size
        rounds = 3 * rounds_of(request.hyperparameters, horizons) + SPREAD_ROUNDS

    def advance() -> None:
        nonlocal done
        done += 1
        progress("fit", 0.15 + 0.65 * done / rounds)

    progress("fit", 0.15)
    if isinstance(prepared, PreparedBeds):
        return fit_beds(
            prepared,
            split,
            seed=request.seed,
            threads=request.threads,
            progress=advance,
            hyperparameters=request.hyperparameters,
            boarders_above=request.boarders_above,
        )
    return fit_waits(
        prepared,
        split,
        seed=request.seed,
        threads=request.threads,
        progress=advance,
        hyperparameters=request.hyperparameters,
    )


def _horizons(request: Request, events: Events) -> tuple[float, ...]:
    if request.model == "wait-time":
        return ()
    horizons = request.horizons_hours or HORIZONS_HOURS[events.cadence_hours]
    wrong = [h for h in horizons if not 0 < h <= 336 or h % events.cadence_hours]
    if wrong:
        raise TrainingError("errors.training.horizons", cadence=events.cadence_hours, wrong=wrong[0])
    return tuple(sorted(set(horizons)))


def _prepare(
    model: str, events: Events, tables: HospitalTables, horizons: Sequence[float]
) -> PreparedBeds | PreparedWaits:
    if model == "wait-time":
        if "visits" not in events.tables or not (tables.tables["visits"]["seen_at"].notna().any()):
            raise TrainingError("errors.training.no_waits")
        return prepare_waits(events, tables.audit_attributes, None)
    if not {"stays", "census"} & set(events.tables):
        raise TrainingError("errors.training.no_beds")
    return prepare_beds(events, tables.covariates, horizons, None)


def _journal(
    connection: Connection, candidate: Candidate, split: Split, key: Key | None, now: datetime
) -> None:
    subjects = {
        **registered_span(split.spans["test"]),
        "model": candidate.model,
        "version": candidate.version,
        "package_digest": candidate.registration["body"]["package_digest"],
    }
    actor = key.name if key else "unsigned"
    append(connection, actor=actor, action="register", subjects=subjects, now=now)
