"""Scores of a package on prepared rows: made by training as its report, and again by a check as evidence."""

import io
from pathlib import Path
from typing import TypeVar

import numpy as np

from hospital.arrays import Array
from hospital.dataset.samples import WaitSamples
from hospital.dataset.splits import Split
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import HospitalTables
from registry.digests import sha256_bytes, sha256_file, write_atomically
from registry.errors import SnapshotError
from registry.evidence.records import UNIT, Scored
from registry.folder_lock import PENDING, one_at_a_time
from registry.model.dataset import PreparedBeds, PreparedWaits, forecast, prepare_beds, prepare_waits
from registry.model.forecast_model import ForecastModel
from registry.model.hospital.hospital_total_scores import score_hospital_total
from registry.model.hospital_total import HOSPITAL
from registry.model.interval_widths import adapted
from registry.model.trust_limits import emergency_of

__all__ = [
    "audit_of",
    "prepare",
    "prepare_held_back",
    "read_reported",
    "reported_scores",
    "score",
    "write_reported",
]

P = TypeVar("P", PreparedBeds, PreparedWaits, PreparedBeds | PreparedWaits)

AGE_BANDS = ((16, "0-15"), (40, "16-39"), (65, "40-64"), (80, "65-79"), (200, "80+"))


def prepare(model: ForecastModel, tables: HospitalTables) -> PreparedBeds | PreparedWaits:
    """Samples and features of a package's model on tables, and how wide its intervals are at each: the same for a
    check, its child process and a comparison."""
    events = events_of(tables)
    if model.name == "wait-time":
        return prepare_waits(events, tables.audit_attributes, model.features)
    manifest = model.manifest
    prepared = prepare_beds(events, manifest.covariates, manifest.horizons_hours, model.features)
    return adapted(model, prepared)


def prepare_held_back(model: ForecastModel, prepared: P, split: Split) -> P:
    """The rows before the test set, with how wide the intervals of `ForecastModel.held_back` are at each.

    Args:
        prepared: by `prepare`, all rows of the history.
    """
    earlier = prepared.part(prepared.prediction_time < split.spans["test"][0])
    return earlier if model.held_back is model else adapted(model.held_back, earlier)


def score(model: ForecastModel, prepared: PreparedBeds | PreparedWaits, mask: Array) -> Scored:
    """Forecasts, baselines and outcomes of the rows of which `mask` (bool [n]) is true."""
    if isinstance(prepared, PreparedBeds):
        return _score_beds(model, prepared.part(mask))
    return _score_waits(model, prepared.part(mask))


def _score_beds(model: ForecastModel, data: PreparedBeds) -> Scored:
    baselines = model.beds_or_raise
    units = data.events.units
    of = data.samples.query.unit
    group, site = _texts([u.group for u in units])[of], _texts([u.site for u in units])[of]
    name = _texts([u.unit for u in units])[of]
    at, horizon = data.prediction_time, data.samples.query.horizon_hours
    return Scored(
        row_id=_texts([f"{u}|{t}|{h:g}" for u, t, h in zip(name, at, horizon, strict=True)]),
        prediction_time=at,
        target_time=data.target_time,
        horizon_hours=horizon,
        unit_group=group,
        site=site,
        local_hour=data.hours().astype(np.int64),
        outcome=data.outcome,
        censored=np.zeros(at.size, bool),
        waited=np.full(at.size, np.nan),
        weight=data.weight,
        quantiles=forecast(model, data.rows(baselines)),
        baselines=data.baselines(baselines),
        audit={UNIT: name},
        counts=True,
    )


def _score_waits(model: ForecastModel, data: PreparedWaits) -> Scored:
    baselines = model.waits_or_raise
    samples = data.samples
    department = _texts(emergency_of(samples.query.columns["department"]))
    audit = audit_of(samples)
    n = data.prediction_time.size
    return Scored(
        row_id=samples.row_id,
        prediction_time=data.prediction_time,
        target_time=data.target_time,
        horizon_hours=np.zeros(n),
        unit_group=department,
        site=_texts([""] * n),
        local_hour=data.hours().astype(np.int64),
        outcome=data.outcome,
        censored=samples.censored,
        waited=samples.waited_minutes,
        weight=data.weight,
        quantiles=forecast(model, data.rows(baselines)),
        baselines=data.baselines(baselines),
        audit=audit,
        counts=False,
    )


def audit_of(samples: WaitSamples) -> dict[str, Array]:
    """Audit attributes of visits, the age band among them where the age is known: object [n] each, None unknown."""
    audit = dict(samples.audit)
    if "age_years" in samples.query.columns:
        audit["age_band"] = age_bands(samples.query.columns["age_years"])
    return audit


def age_bands(age_years: Array) -> Array:
    """The age band of each age (float64 [n], NaN unknown): object [n], None unknown."""
    out = np.full(age_years.size, None, object)
    for upper, name in reversed(AGE_BANDS):
        out[age_years < upper] = name
    return out


def _texts(values: list[str]) -> Array:
    out = np.empty(len(values), object)
    out[:] = values
    return out


def reported_scores(
    model: ForecastModel, prepared: PreparedBeds | PreparedWaits, split: Split
) -> tuple[dict[str, Array], dict[str, float]]:
    """What the author reports of the test set: the rows' figures, as `reported_arrays` (float64 and text), and their
    mean absolute errors."""
    scored = score(model, adapted(model, prepared), split.members("test", prepared.prediction_time))
    hospital_total = score_hospital_total(model.hospital_total, scored)
    metrics = _metrics(scored.known())
    if hospital_total is not None:
        metrics |= _metrics(hospital_total.known(), f"_{HOSPITAL}")
    return reported_arrays(scored, hospital_total), metrics


def reported_arrays(scored: Scored, hospital_total: Scored | None) -> dict[str, Array]:
    """The figures that a check compares: digests of rows (text [n]), outcomes, forecasts, baselines (float64 [n]); of
    the hospital total too."""
    arrays = {"outcome": scored.outcome, "p50": scored.p50, "row_id": scored.row_id.astype(str)}
    arrays |= {f"baseline_{name}": values for name, values in scored.baselines.items()}
    if hospital_total is not None:
        arrays |= {"hospital_outcome": hospital_total.outcome, "hospital_p50": hospital_total.p50}
    return arrays


def _metrics(scored: Scored, of: str = "") -> dict[str, float]:
    out: dict[str, float] = {}
    for horizon in np.unique(scored.horizon_hours):
        mine = scored.horizon_hours == horizon
        suffix = of + (f"_{horizon:g}h" if horizon else "")
        weight, outcome = scored.weight[mine], scored.outcome[mine]
        out[f"mae{suffix}"] = float(np.average(np.abs(scored.p50[mine] - outcome), weights=weight))
        for name, values in scored.baselines.items():
            known = np.isfinite(values[mine])
            if known.any():
                error = np.abs(values[mine] - outcome)[known]
                out[f"mae_{name}{suffix}"] = float(np.average(error, weights=weight[known]))
    return out


def write_reported(folder: Path, arrays: dict[str, Array]) -> str:
    """Keeps the author's report (arrays of any type but object) under its digest; returns it."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})
    digest = sha256_bytes(buffer.getvalue())
    folder.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(folder):
        write_atomically(folder / f"{digest.removeprefix('sha256:')}.npz", buffer.getvalue())
    return digest


def read_reported(folder: Path, digest: str, *, stands: str | None = None) -> dict[str, Array]:
    """The author's report of this digest, arrays of any type but object.

    Args:
        folder: of all reports.
        digest: as the author signed it.
        stands: digest that the file has since a person was erased from it; None: nobody was.

    Raises:
        SnapshotError: it is missing or was changed.
    """
    path = folder / f"{digest.removeprefix('sha256:')}.npz"
    unplaced = path.with_name(f"{path.name}{PENDING}")  # an erasure was killed before it took its place
    if stands is not None and unplaced.is_file() and sha256_file(unplaced) == stands:
        path = unplaced
    if not path.exists() or sha256_file(path) != (stands or digest):
        raise SnapshotError("registry.model.no_report")
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
