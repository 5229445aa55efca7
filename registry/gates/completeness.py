"""Evidence that can be judged at all: a gate that cannot run raises, it never says pass or block."""

import numpy as np

from hospital.dataset.quantiles import LEVELS
from registry.errors import RegistryError
from registry.evidence.records import Evidence, Scored

__all__ = ["require_complete"]


def require_complete(evidence: Evidence) -> None:
    """Refuses evidence whose arrays do not fit together, or that lacks the current release to set it beside.

    Raises:
        RegistryError: everything that is wrong with it.
    """
    faults = _misfits("test set", evidence.test) + _misfits("validation set", evidence.validation)
    if evidence.hospital is not None:
        faults += _misfits("hospital total", evidence.hospital)
    if evidence.kind not in ("model", "baseline"):
        faults.append(f"there is no kind of package called {evidence.kind}")
    if evidence.current is None and evidence.current_expected:
        faults.append("the signed chain names a current release, and its forecasts are missing")
    if evidence.current is not None and evidence.current.shape != (evidence.test.size, len(LEVELS)):
        faults.append("the current release's forecasts are not of the judged rows")
    if faults:
        raise RegistryError(
            f"The evidence of {evidence.model} {evidence.version} cannot be judged: {'; '.join(faults)}. "
            "Run vigie check again; if it says the same, the data snapshot or the releases were changed."
        )


def _misfits(part: str, scored: Scored) -> list[str]:
    faults = []
    n = scored.size
    columns = {
        name: getattr(scored, name)
        for name in (
            "row_id",
            "target_time",
            "horizon_hours",
            "unit_group",
            "site",
            "local_hour",
            "outcome",
            "censored",
            "waited",
            "weight",
        )
    }
    columns |= {f"baseline {name}": values for name, values in scored.baselines.items()}
    columns |= {f"attribute {name}": values for name, values in scored.audit.items()}
    faults += [f"{part}: {name} has not one value a row" for name, v in columns.items() if v.shape != (n,)]
    if scored.quantiles.shape != (n, len(LEVELS)):
        faults.append(f"{part}: forecasts are not {len(LEVELS)} quantiles a row")
    if not scored.baselines:
        faults.append(f"{part}: there is no baseline to compare with")
    if n and not np.isfinite(scored.horizon_hours).all():
        faults.append(f"{part}: a horizon is no number")
    return faults
