"""Evidence that can be judged at all: a gate that cannot run raises, it never says pass or block."""

import numpy as np

from hospital.dataset.quantiles import LEVELS
from hospital.words.messages import Message, message
from registry.errors import RegistryError
from registry.evidence.records import ARRAYS, Evidence, Scored

__all__ = ["require_complete"]


def require_complete(evidence: Evidence) -> None:
    """Refuses evidence whose arrays do not fit together, or that lacks the current release to set it beside.

    Raises:
        RegistryError: everything that is wrong with it.
    """
    faults = _misfits("test", evidence.test) + _misfits("validation", evidence.validation)
    if evidence.hospital is not None:
        faults += _misfits("total", evidence.hospital)
    if evidence.kind not in ("model", "baseline"):
        faults.append(message("registry.gates.no_kind", kind=evidence.kind))
    if evidence.current is None and evidence.current_expected:
        faults.append(message("registry.gates.no_current"))
    if evidence.current is not None and evidence.current.shape != (evidence.test.size, len(LEVELS)):
        faults.append(message("registry.gates.other_rows"))
    if faults:
        raise RegistryError(
            "registry.gates.incomplete", model=evidence.model, version=evidence.version, faults=tuple(faults)
        )


def _misfits(part: str, scored: Scored) -> list[Message]:
    of = message(f"registry.gates.parts.{part}")
    n = scored.size
    columns = {name: getattr(scored, name) for name in ARRAYS if name != "quantiles"}
    columns |= {f"baseline {name}": values for name, values in scored.baselines.items()}
    columns |= {f"attribute {name}": values for name, values in scored.audit.items()}
    faults = [
        message("registry.gates.shape", part=of, name=name) for name, v in columns.items() if v.shape != (n,)
    ]
    if scored.quantiles.shape != (n, len(LEVELS)):
        faults.append(message("registry.gates.quantiles", part=of, n=len(LEVELS)))
    if not scored.baselines:
        faults.append(message("registry.gates.no_baseline", part=of))
    if n and not np.isfinite(scored.horizon_hours).all():
        faults.append(message("registry.gates.horizon", part=of))
    return faults
