"""What a version costs, and the current release beside it: size, time and energy of answers, energy of training.

Both answer the same rows in turn on the same machine, so that what else runs there slows both alike. Times differ from
run to run; what was measured once of two packages is kept, so that checking again seals the same bytes.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from registry.digests import canonical_json, sha256_bytes
from registry.evidence.probe_records import EfficiencyFacts, EfficiencyFigures
from registry.facts.cache import keep, kept
from registry.facts.energy import memory_gib, watt_hours
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.feature_groups import rows_of, spread_rows
from registry.model.forecast_model import ForecastModel, Rows
from registry.package.manifest import package_digest

__all__ = ["Costed", "efficiency_facts"]

Prepared = PreparedBeds | PreparedWaits

_ANSWERS = 200
_ENERGY_ANSWERS = 1000
_WARM_UP = 5


class Costed:
    """A version to be measured.

    Attributes:
        model, package: it.
        judged: rows to answer.
        registration: what its author signed (the body).
    """

    def __init__(
        self, model: ForecastModel, package: Path, judged: Prepared, registration: Mapping[str, Any]
    ) -> None:
        self.model, self.package, self.judged, self.registration = model, package, judged, registration

    @property
    def digest(self) -> str:
        """Of its package."""
        return package_digest(self.package)


def efficiency_facts(own: Costed, current: Costed | None, evidence: Path) -> EfficiencyFacts | None:
    """Measures both, or reads what was measured; None where there is no row to answer."""
    if not own.judged.prediction_time.size:
        return None
    baseline_before = current is not None and current.model.manifest.kind != "model"
    current = None if baseline_before else current
    subject = {"own": own.digest, "current": None if current is None else current.digest, "answers": _ANSWERS}
    name = sha256_bytes(canonical_json(subject)).removeprefix("sha256:")
    path = evidence / "efficiency" / f"{name}.json"
    content = kept(path)
    if content is None:
        both = [own] if current is None else [own, current]
        content = canonical_json(_measured(both))
        keep(path, content)
    measurements = json.loads(content)
    return EfficiencyFacts(
        _figures(own, measurements[0]),
        None if current is None else _figures(current, measurements[1]),
        baseline_before,
    )


def _measured(versions: list[Costed]) -> list[dict[str, Any]]:
    """Seconds of each answer, and processor seconds of all, by version; the versions answer in turn."""
    rows = [_rows(version) for version in versions]
    seconds: list[list[float]] = [[] for _ in versions]
    cpu = [0.0] * len(versions)
    for i in range(-_WARM_UP, min(_ANSWERS, rows[0].floor.size)):
        for v, version in enumerate(versions):
            one = rows[v].at(slice(max(i, 0), max(i, 0) + 1))
            clock, busy = time.perf_counter(), time.process_time()
            version.model.quantiles_and_reasons(one)
            if i >= 0:
                seconds[v].append(time.perf_counter() - clock)
                cpu[v] += time.process_time() - busy
    memory = memory_gib()
    return [
        {"seconds": s, "watt_hours": watt_hours(c, sum(s), memory) * _ENERGY_ANSWERS / max(len(s), 1)}
        for s, c in zip(seconds, cpu, strict=True)
    ]


def _rows(version: Costed) -> Rows:
    mask = spread_rows(version.judged.prediction_time.size, _ANSWERS)
    return rows_of(version.model, version.judged.part(mask))


def _figures(version: Costed, measurements: Mapping[str, Any]) -> EfficiencyFigures:
    energy = version.registration.get("energy")
    training = energy.get("watt_hours") if isinstance(energy, Mapping) else None
    return EfficiencyFigures(
        sum(p.stat().st_size for p in version.package.iterdir()),
        np.array(measurements["seconds"], np.float64),
        float(measurements["watt_hours"]),
        float(training) if isinstance(training, int | float) else float("nan"),
    )
