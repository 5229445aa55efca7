"""Two versions of a model on the same rows, which neither was fitted on: differences with their intervals."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hospital.dataset.splits import Split
from hospital.errors import HistoryError
from hospital.features.definition_digest import feature_digest
from hospital.ingest.hospital_reader import HospitalTables
from hospital.record.events import FOREVER
from registry.candidates.candidates import Candidate, candidate
from registry.candidates.snapshots import open_snapshot
from registry.compare.differences import Difference, differences
from registry.compare.tension_differences import Announced, tension_differences
from registry.errors import CandidateError, PackageError
from registry.evidence.records import Scored
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import prepare
from registry.package.manifest import package_digest
from registry.settings import Settings
from registry.trust.service_keys import accepted_keys

__all__ = ["Comparison", "compare"]

Progress = Callable[[str, float], None]


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
    announced = []
    for number, loaded in enumerate(models):
        progress(f"forecast with version {found[number].version}", 0.2 + 0.4 * number)
        prepared = prepare(loaded, tables)
        at = prepared.prediction_time
        announced.append(Announced.of(loaded, prepared, (at >= start) & (at < end)))
    progress("compare", 0.95)
    scored = [one.scored.known() for one in announced]
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
        (*differences(ours, theirs), *tension_differences(*announced)),
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
