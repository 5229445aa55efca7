"""The manifest of a package: what was asked for, of which data and code it was made, and what its rows are."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version as installed
from typing import Any

from hospital.dataset.splits import Split
from hospital.features.definition_digest import feature_digest
from hospital.features.wait import WAIT_FEATURES
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import DAY
from registry.model.dataset import PreparedBeds, PreparedWaits
from training.horizon_trees import HORIZON_TREES, OWN_SHARE, SHARED_ROUNDS
from training.packages.interval_ends import QUANTILE_ROUNDS
from training.packages.package_request import Request
from training.provenance import code_commit
from training.trees import SPREAD_ROUNDS

__all__ = ["manifest_of"]


def manifest_of(
    request: Request,
    tables: HospitalTables,
    prepared: PreparedBeds | PreparedWaits,
    split: Split,
    horizons: Sequence[float],
) -> dict[str, Any]:
    """The body of a manifest, without its files."""
    events = prepared.events
    beds = isinstance(prepared, PreparedBeds)
    first, last = split.spans["train"][0], split.spans["test"][1]
    return {
        "name": request.model,
        "kind": request.kind,
        "target": "beds needed per unit (beds)"
        if beds
        else "minutes from arrival to first medical contact (min)",
        "zone": str(events.zone),
        "locality": events.locality.to_json(),
        "names": {name: dict(given) for name, given in events.names.items()},
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
        "data_rows": tables.rows_by_key(),
        "split": split.to_json(),
        "configuration": _configuration(request),
        "seed": request.seed,
        "code_commit": code_commit(),
        "libraries": {name: installed(name) for name in ("numpy", "xgboost-cpu")},
    }


def _configuration(request: Request) -> dict[str, Any]:
    if request.kind == "baseline":
        return {"test_from": request.test_from}
    return {
        **{f"median_{name}": value for name, value in asdict(request.hyperparameters).items()},
        "tuned_trials": request.trials,
        **_horizon_trees(request),
        **(
            {"spread_rounds": SPREAD_ROUNDS}
            if request.model == "bed-demand"
            else {"quantile_rounds": QUANTILE_ROUNDS}
        ),
        **({} if request.boarders_above is None else {"boarders_above": request.boarders_above}),
        "objective": "reg:quantileerror 0.5",
        "test_from": request.test_from,
    }


def _horizon_trees(request: Request) -> dict[str, Any]:
    """Of bed demand, how trees were fitted besides what was asked for: `training.horizon_trees`."""
    if request.model != "bed-demand":
        return {}
    own = {f"horizon_{name}": value for name, value in asdict(HORIZON_TREES).items()}
    return {**own, "horizon_share": OWN_SHARE, "shared_rounds_share": SHARED_ROUNDS}


def _missing(prepared: PreparedBeds | PreparedWaits) -> list[str]:
    if isinstance(prepared, PreparedBeds):
        return []
    have = {f.name for f in prepared.features}
    return [f.name for f in WAIT_FEATURES if f.name not in have]
