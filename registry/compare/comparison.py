"""Two versions of a model on the same rows, which neither was fitted on: differences with their intervals."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.dataset.splits import Split
from hospital.errors import HistoryError
from hospital.features.definition_digest import feature_digest
from hospital.ingest.hospital_reader import HospitalTables
from hospital.record.events import FOREVER
from registry.candidates.candidates import Candidate, candidate
from registry.candidates.snapshots import open_snapshot
from registry.errors import CandidateError, PackageError
from registry.evidence.records import Scored
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import prepare, score
from registry.package.manifest import package_digest
from registry.settings import Settings
from registry.statistics.intervals import block_mean
from registry.statistics.scope import horizon_name
from registry.trust.service_keys import accepted_keys

__all__ = ["METRICS", "Comparison", "Difference", "compare", "differences"]

Progress = Callable[[str, float], None]

METRICS = ("mae", "crps", "inside")
"""Mean absolute error of p50; continuous ranked probability score over the 19 quantiles; share of outcomes in
p10-p90. The first two in the forecast's unit, less is better; the third is 0.8 where intervals are right."""

_ALPHA = 0.025  # on either side: 95 % intervals, as people expect of a difference
_LEAST_ROWS = 50
_P10, _P90 = LEVELS.index(0.1), LEVELS.index(0.9)


@dataclass(frozen=True)
class Difference:
    """One figure of both versions on the same rows.

    Attributes:
        metric: of `METRICS`.
        by: "all", "horizon", "unit_group" or an audit attribute.
        group: of it.
        first, second: the figures.
        difference: second less first.
        low, high: its 95 % interval by blocks of days, None where there are not two blocks.
        n: rows.
        blocks: of days.
    """

    metric: str
    by: str
    group: str
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    n: int
    blocks: int

    @property
    def shown(self) -> int:
        """-1: the first is significantly better, 1: the second, 0: the interval does not say (nor does it of
        `inside`)."""
        if self.low is None or self.high is None or self.metric == "inside":
            return 0
        return -1 if self.low > 0 else int(self.high < 0)


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Attributes:
        first, second: version numbers.
        data_digest: of the tables.
        start, end: instants, the rows' prediction times.
        only_first, only_second: rows that the other has no forecast of, which are left out.
    """

    model: str
    first: str
    second: str
    data_digest: str
    start: int
    end: int
    only_first: int
    only_second: int
    differences: tuple[Difference, ...]

    def for_machines(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def metrics(self) -> dict[str, float]:
        """Differences by name, as MLflow keeps them beside the second version's own."""
        out = {}
        for d in self.differences:
            where = "" if d.by == "all" else f".{d.by}.{d.group}"
            name = f"vs_{self.first}.{d.metric}{where}"
            out["".join(c if c.isalnum() or c in "_-. /" else "_" for c in name)] = d.difference
        return out


def compare(
    settings: Settings,
    model: str,
    first: str,
    second: str,
    *,
    tables: HospitalTables | None,
    progress: Progress,
) -> Comparison:
    """Sets two versions side by side.

    Args:
        tables: the hospital's tables; None: the sealed snapshot of the second version.

    Raises:
        RegistryError: a version, its package or its snapshot is missing or was changed.
        HistoryError: there are no rows that neither version was fitted on.
    """
    found = (candidate(settings.candidates, model, first), candidate(settings.candidates, model, second))
    models = tuple(_loaded(c) for c in found)
    progress("open the data", 0.1)
    spans = [Split.from_json(m.manifest.split).spans["test"] for m in models]
    start, end = max(span[0] for span in spans), FOREVER
    if tables is None:
        body = found[1].registration["body"]
        tables, end = (
            open_snapshot(
                settings.snapshots, body["data_digest"], body["seal_digest"], accepted_keys(settings)
            ),
            spans[1][1],
        )
    scored = []
    for number, loaded in enumerate(models):
        progress(f"forecast with version {found[number].version}", 0.2 + 0.4 * number)
        prepared = prepare(loaded, tables)
        at = prepared.prediction_time
        scored.append(score(loaded, prepared, (at >= start) & (at < end)).known())
    progress("compare", 0.95)
    ours, theirs = _same_rows(scored[0], scored[1])
    if not ours.size:
        raise HistoryError("registry.compare.no_row")
    return Comparison(
        model,
        first,
        second,
        tables.source_digest,
        int(ours.prediction_time.min()),
        int(ours.prediction_time.max()),
        scored[0].size - ours.size,
        scored[1].size - ours.size,
        tuple(differences(ours, theirs)),
    )


def _loaded(found: Candidate) -> ForecastModel:
    model = ForecastModel(found.package)
    if found.registration["body"]["package_digest"] != package_digest(found.package):
        raise PackageError("registry.package.version_not_registered", version=found.version)
    if model.manifest.feature_digest != feature_digest(model.name):
        raise CandidateError("registry.compare.other_features", model=found.model, version=found.version)
    return model


def _same_rows(first: Scored, second: Scored) -> tuple[Scored, Scored]:
    _, mine, theirs = np.intersect1d(first.row_id.astype(str), second.row_id.astype(str), return_indices=True)
    order = np.argsort(mine, kind="stable")  # in the order of time again, as blocks of days need it
    return first.part(mine[order]), second.part(theirs[order])


def differences(first: Scored, second: Scored) -> Iterator[Difference]:
    """Every metric over all rows, then by horizon, unit group and audit attribute.

    Args:
        first, second: the same rows in the same order, every outcome and forecast known.
    """
    losses = {name: (_loss(first, name), _loss(second, name)) for name in METRICS}
    for by, group, mask in _groups(first):
        rows = int(mask.sum())
        if rows < _LEAST_ROWS:
            continue
        weight, times = first.weight[mask], first.prediction_time[mask]
        for name, (mine, theirs) in losses.items():
            found = block_mean(
                theirs[mask] - mine[mask],
                weight,
                times,
                horizon_hours=float(
                    first.horizon_hours[mask].max()
                ),  # the longest errors overlap the longest
            )
            several = found.blocks >= 2
            yield Difference(
                name,
                by,
                group,
                float(np.average(mine[mask], weights=weight)),
                float(np.average(theirs[mask], weights=weight)),
                found.value,
                found.low(_ALPHA) if several else None,
                found.high(_ALPHA) if several else None,
                rows,
                found.blocks,
            )


def _groups(rows: Scored) -> Iterator[tuple[str, str, Array]]:
    yield "all", "all", np.ones(rows.size, bool)
    horizons = np.unique(rows.horizon_hours)
    for horizon in horizons if horizons.size > 1 else ():
        yield "horizon", horizon_name(float(horizon)), rows.horizon_hours == horizon
    for by, values in {"unit_group": rows.unit_group, **rows.audit}.items():
        known = sorted({str(v) for v in values if v is not None})
        for group in known if len(known) > 1 else ():
            yield by, group, values == group


def _loss(scored: Scored, metric: str) -> Array:
    if metric == "mae":
        return np.abs(scored.outcome - scored.p50)
    if metric == "inside":
        low, high = scored.quantiles[:, _P10], scored.quantiles[:, _P90]
        return ((scored.outcome >= low) & (scored.outcome <= high)).astype(np.float64)
    # Twice the mean pinball loss over evenly spaced levels: the usual sum for the CRPS (Gneiting & Ranjan 2011).
    error = scored.outcome[:, None] - scored.quantiles
    levels = np.array(LEVELS)
    return 2 * np.maximum(levels * error, (levels - 1) * error).mean(axis=1)
