"""What is served today for the judged rows: the current release's forecasts in its scope, its baseline's outside."""

from dataclasses import dataclass, replace

import numpy as np

from hospital.arrays import Array
from hospital.dataset.splits import Split
from hospital.features.beds import BedFeatures
from hospital.ingest.hospital_reader import HospitalTables
from registry.errors import CandidateError
from registry.facts.efficiency_facts import Costed
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.interval_widths import adapted
from registry.model.scoring import prepare
from registry.model.trust_limits import emergency_of
from registry.policy.trusted_scope import in_scope
from registry.releases.releases import current_release
from registry.settings import Settings

__all__ = ["InUse", "served_today"]


@dataclass(frozen=True)
class InUse:
    """What the current release serves on the test rows.

    Attributes:
        quantiles: float64 [n, levels], NaN at horizons and of units that it does not know; None without a release.
        expected: whether the signed chain shows a release.
        costed: its package, rows and registration.
    """

    quantiles: Array | None
    version: str | None
    expected: bool
    costed: Costed | None = None


def served_today(
    settings: Settings,
    model_name: str,
    tables: HospitalTables,
    prepared: PreparedBeds | PreparedWaits,
    split: Split,
) -> InUse:
    """The current release's answers, recomputed on this version's test rows.

    Raises:
        CandidateError: their rows differ. ReleaseError, TrustError: the chain does not verify.
    """
    set_up = (settings.trust / "trust.json").exists() or (settings.releases / model_name).exists()
    release = current_release(settings, model_name) if set_up else None
    if release is None:
        return InUse(None, None, False)
    model = ForecastModel(release.package)
    release.require_same(model.digest)
    theirs = _with_own_features(model, tables, prepared)
    rows = theirs.part(split.members("test", theirs.prediction_time))
    mine = prepared.part(split.members("test", prepared.prediction_time))
    if isinstance(rows, PreparedBeds):
        query = rows.samples.query
        groups = [rows.events.units[u].group for u in query.unit]
        inside = in_scope(release.scope, groups, query.horizon_hours)
        quantiles = _served(model, rows.rows(model.beds_or_raise), inside)
        known = np.isin(query.horizon_hours, list(model.manifest.horizons_hours))
        quantiles[~known | (rows.units_of(model.beds_or_raise) < 0)] = np.nan
    elif isinstance(rows, PreparedWaits):
        groups = emergency_of(rows.samples.query.columns["department"])
        inside = in_scope(release.scope, groups, np.zeros(len(groups)))
        quantiles = _served(model, rows.rows(model.waits_or_raise), inside)
    if len(quantiles) != mine.prediction_time.size:
        raise CandidateError("registry.check.other_rows")
    registered = release.body["registration"]["body"]
    return InUse(quantiles, release.version, True, Costed(model, release.package, rows, registered))


def _with_own_features(
    model: ForecastModel, tables: HospitalTables, prepared: PreparedBeds | PreparedWaits
) -> PreparedBeds | PreparedWaits:
    """The version's rows with the features of the release's own package: another ward gives each unit another code."""
    if isinstance(prepared, PreparedWaits):
        return prepared if model.features == prepared.features else prepare(model, tables)
    if model.features == prepared.features:
        return adapted(
            model, replace(prepared, widths=None)
        )  # those that it has are of the version's own rule
    X = BedFeatures(prepared.events, model.features).compute(prepared.samples.query)
    samples = replace(prepared.samples, X=X)
    return PreparedBeds(prepared.events, model.features, samples)  # widths are of the same rows only


def _served(model: ForecastModel, rows: Rows, inside: Array) -> Array:
    """Quantiles [n, levels] as serving gives them (`registry.model.scope_fallback.answer`), without their reasons."""
    baseline = model.baseline_quantiles(rows)
    if model.manifest.kind != "model":
        return baseline
    return np.where((inside & ~model.baseline_only(rows))[:, None], model.quantiles(rows), baseline)
