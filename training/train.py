"""From a hospital's tables to a registered candidate."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from explain.verification import verify_apart
from hospital.columns import events_of
from hospital.events import Events
from hospital.features.probe import feature_digest
from hospital.features.wait import WAIT_FEATURES
from hospital.reading import HospitalTables
from hospital.splits import HORIZONS_HOURS, Kind, Split
from hospital.times import DAY, instant
from registry.candidates import MODELS, Candidate, register
from registry.database import open_database, writing
from registry.journal import append
from registry.keys import Key
from registry.model import ForecastModel
from registry.package import write_package
from registry.prepared import PreparedBeds, PreparedWaits, prepare_beds, prepare_waits, split_of
from registry.scoring import reported_scores, write_reported
from registry.settings import Settings
from registry.snapshot import seal_snapshot
from registry.store import record
from training.errors import TrainingError
from training.fit import fit_baselines, fit_beds, fit_waits
from training.trees import MEDIAN_ROUNDS, SPREAD_ROUNDS

__all__ = ["Request", "Trained", "build_package", "train"]

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Request:
    """What training was asked for.

    Attributes:
        horizons_hours: of bed demand; empty: the defaults of the census's cadence. judge_from: start of the judge
        part (instant), None: the last fifth. threads: changes the time, never the package. kind: "baseline" for a
        package of the simplest rules alone.
    """

    model: str
    horizons_hours: tuple[float, ...] = ()
    judge_from: int | None = None
    seed: int = 1
    threads: int = 1
    kind: Kind = "model"


@dataclass(frozen=True)
class Trained:
    """A registered candidate and what its author measured on the judge part."""

    candidate: Candidate
    metrics: dict[str, float]


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
    progress("seal the data snapshot", 0.0)
    seal = seal_snapshot(settings.snapshots, tables)
    with tempfile.TemporaryDirectory(prefix="vigie-") as folder:
        directory = Path(folder) / "package"
        prepared, split = build_package(request, tables, directory, progress)
        progress("score the judge part", 0.9)
        model = ForecastModel(directory)
        scores, metrics = reported_scores(model, prepared, split)
        verified = None  # a simple rule has no trees to hold against another implementation
        if request.kind == "model":
            progress("hold the explanations against XGBoost and shap", 0.92)
            verified = verify_apart((directory / "median.ubj").read_bytes(), prepared.X).to_json()
        progress("register", 0.97)
        evidence = write_reported(settings.home / "evidence", scores)
        tags = {"data_digest": tables.source_digest, "feature_digest": model.manifest.feature_digest}
        parameters: dict[str, object] = {**model.manifest.configuration, "seed": request.seed}
        version = record(
            settings.home, request.model, directory, parameters=parameters, metrics=metrics, tags=tags
        )
        body = {
            "data_digest": tables.source_digest,
            "seal_digest": seal,
            "evidence_digest": evidence,
            "explanations": verified,
            "comment": comment,
            "at": instant(now),
        }
        with writing(open_database(settings.database)) as connection:  # registered and told, or neither
            candidate = register(settings.candidates, request.model, version, directory, body, key)
            _journal(connection, candidate, key, now)
    progress("registered", 1.0)
    return Trained(candidate, metrics)


def build_package(
    request: Request, tables: HospitalTables, directory: Path, progress: Progress
) -> tuple[PreparedBeds | PreparedWaits, Split]:
    """Writes the package of a model: the same request, tables, code and lock give the same bytes."""
    if request.model not in MODELS:
        raise TrainingError(f"There is no model {request.model}: Vigie has {' and '.join(MODELS)}.")
    progress("compute features", 0.05)
    events = events_of(tables)
    horizons = _horizons(request, events)
    prepared = _prepare(request.model, events, tables, horizons)
    split = split_of(prepared, horizons, request.judge_from, request.kind)
    fits = (
        2 if request.model == "bed-demand" else 1
    )  # of the median: once to be calibrated, once to be served
    rounds, done = fits * MEDIAN_ROUNDS + SPREAD_ROUNDS, 0

    def advance() -> None:
        nonlocal done
        done += 1
        progress("fit", 0.15 + 0.7 * done / rounds)

    progress("fit", 0.15)
    if request.kind == "baseline":
        fitted = fit_baselines(prepared, split)
    elif isinstance(prepared, PreparedBeds):
        fitted = fit_beds(prepared, split, seed=request.seed, threads=request.threads, progress=advance)
    else:
        fitted = fit_waits(prepared, split, seed=request.seed, threads=request.threads, progress=advance)
    write_package(directory, _manifest(request, tables, prepared, split, horizons), fitted.files)
    return prepared, split


def _horizons(request: Request, events: Events) -> tuple[float, ...]:
    if request.model == "wait-time":
        return ()
    horizons = request.horizons_hours or HORIZONS_HOURS[events.cadence_hours]
    wrong = [h for h in horizons if not 0 < h <= 336 or h % events.cadence_hours]
    if wrong:
        raise TrainingError(
            f"Horizons are multiples of the census's {events.cadence_hours} h up to 14 days; not {wrong[0]:g} h."
        )
    return tuple(sorted(set(horizons)))


def _prepare(
    model: str, events: Events, tables: HospitalTables, horizons: Sequence[float]
) -> PreparedBeds | PreparedWaits:
    if model == "wait-time":
        if "visits" not in events.tables or not (tables.tables["visits"]["seen_at"].notna().any()):
            raise TrainingError(
                "Wait time needs visits with seen_at (first medical contact): the tables have none."
            )
        return prepare_waits(events, tables.audit_attributes, None)
    if not {"stays", "census"} & set(events.tables):
        raise TrainingError("Bed demand needs stays or a census: the tables have neither.")
    return prepare_beds(events, tables.covariates, horizons, None)


def _manifest(
    request: Request,
    tables: HospitalTables,
    prepared: PreparedBeds | PreparedWaits,
    split: Split,
    horizons: Sequence[float],
) -> dict[str, Any]:
    events = prepared.events
    beds = isinstance(prepared, PreparedBeds)
    first, last = split.spans["fit"][0], split.spans["judge"][1]
    return {
        "name": request.model,
        "kind": request.kind,
        "target": "beds needed per unit (beds)"
        if beds
        else "minutes from arrival to first medical contact (min)",
        "zone": str(events.zone),
        "cadence_hours": events.cadence_hours,
        "horizons_hours": list(horizons),
        "features": [vars(f) for f in prepared.features],
        "feature_digest": feature_digest(request.model),
        "units": [vars(u) for u in events.units],
        "audit_attributes": list(tables.audit_attributes),
        "covariates": list(tables.covariates),
        "missing_columns": _missing(prepared),
        "data_digest": tables.source_digest,
        "data_days": (last - first) / DAY,
        "data_rows": {name: len(frame) for name, frame in tables.tables.items()},
        "split": split.to_json(),
        "configuration": _configuration(request),
        "seed": request.seed,
        "code_commit": _commit(),
        "libraries": {name: installed(name) for name in ("numpy", "xgboost-cpu")},
    }


def _configuration(request: Request) -> dict[str, Any]:
    if request.kind == "baseline":
        return {"judge_from": request.judge_from}
    return {
        "median_rounds": MEDIAN_ROUNDS,
        "spread_rounds": SPREAD_ROUNDS,
        "objective": "reg:quantileerror 0.5",
        "judge_from": request.judge_from,
    }


def _missing(prepared: PreparedBeds | PreparedWaits) -> list[str]:
    if isinstance(prepared, PreparedBeds):
        return []
    have = {f.name for f in prepared.features}
    return [f.name for f in WAIT_FEATURES if f.name not in have]


def _commit() -> str:
    """The commit of this code, or the installed version where there is no repository."""
    git = shutil.which("git")
    root = Path(__file__).resolve().parent.parent
    if git is not None and (root / ".git").exists():
        found = subprocess.run(
            [git, "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False
        )
        changed = subprocess.run([git, "status", "--porcelain"], cwd=root, capture_output=True, check=False)
        if found.returncode == 0:
            return found.stdout.strip() + ("+changed" if changed.stdout.strip() else "")
    return f"vigie {installed('vigie')}" if _is_installed() else "unknown"


def _is_installed() -> bool:
    try:
        installed("vigie")
    except ModuleNotFoundError:
        return False
    return True


def _journal(connection: Connection, candidate: Candidate, key: Key | None, now: datetime) -> None:
    subjects = {
        "model": candidate.model,
        "version": candidate.version,
        "package_digest": candidate.registration["body"]["package_digest"],
    }
    actor = key.name if key else "unsigned"
    append(connection, actor=actor, action="register", subjects=subjects, now=now)
