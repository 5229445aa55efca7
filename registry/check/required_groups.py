"""Groups that a policy requires by name, and whether the data have them at all."""

from collections.abc import Sequence

import numpy as np

from hospital.ingest.hospital_reader import HospitalTables
from registry.errors import PolicyError
from registry.evidence.records import Scored
from registry.model.scoring import age_bands
from registry.policy.board_policy import Policy
from registry.statistics.groups import group_names

__all__ = ["require_groups"]


def require_groups(policy: Policy, parts: Sequence[Scored], tables: HospitalTables) -> None:
    """Refuses a policy that names a group which the whole snapshot does not have: nothing could ever judge it.

    Args:
        parts: scored rows, which name the unit groups and sites.

    Raises:
        PolicyError: every such group.
    """
    faults = []
    for attribute, wanted in policy.document.fairness.required_groups.items():
        have = _groups_of(attribute, parts, tables)
        faults += [f"{attribute}={name}" for name in wanted if name not in have]
    if faults:
        raise PolicyError("registry.policy.absent_groups", groups=", ".join(faults))


def _groups_of(attribute: str, parts: Sequence[Scored], tables: HospitalTables) -> set[str]:
    if attribute in ("unit_group", "site"):
        return {str(name) for part in parts for name in getattr(part, attribute)}
    visits = tables.tables.get("visits")
    column = "age_years" if attribute == "age_band" else attribute
    if visits is None or column not in visits:
        return set()
    values = visits[column].to_numpy()
    return set(group_names(age_bands(values.astype(np.float64)) if attribute == "age_band" else values))
