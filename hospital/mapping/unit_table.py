"""The table of units where no file holds one: described in the mapping, or those that the rows name."""

from collections.abc import Mapping as Dict

import pandas as pd

from hospital.contracts.fault_words import fault
from hospital.contracts.file_schemas import check
from hospital.contracts.local_times import Clock
from hospital.errors import ContractError, MappingError
from hospital.mapping.checked_mapping import Mapping
from hospital.mapping.mapping_language import UnitPart
from hospital.mapping.revisions import BEGINNING

__all__ = ["described_units"]


def described_units(
    tables: Dict[str, pd.DataFrame], mapping: Mapping | None
) -> tuple[pd.DataFrame | None, int]:
    """The units of the mapping, then those that stays or census name beside them; and how many these are.

    None where there is a table of units already, or nothing names a unit.

    Raises:
        MappingError: units are described in the mapping and in a file.
        ContractError: a time when a described unit is open is none.
    """
    described = {n: u for n, u in mapping.units.items() if u.describes} if mapping else {}
    if "units" in tables:
        if described:
            raise MappingError(tuple(fault(f"units.{name}", "named_twice/unit") for name in described))
        return None, 0
    known = dict.fromkeys(mapping.units if mapping else ())
    named = [tables[t]["unit"] for t in ("stays", "census") if t in tables]
    others = sorted(set(pd.concat(named).dropna()) - set(known)) if named else []
    if not known and not others:
        return None, 0
    of = mapping.units if mapping else {}
    rows = [_row(name, of.get(name, UnitPart())) for name in (*known, *others)]
    raw = pd.DataFrame(rows, dtype=object)
    raw = raw.where(raw.notna(), None).assign(received_at=BEGINNING)
    clock = Clock(mapping.zone, mapping.repeated, skipped=mapping.skipped) if mapping else Clock()
    units, faults = check(raw, "units", clock=clock)
    if faults.cells:
        raise ContractError(faults.all())
    return units, len(others)


def _row(name: str, unit: UnitPart) -> dict[str, str | None]:
    return {
        "unit": name,
        "label": unit.label or unit.label_fr or unit.label_en or name,
        "label_fr": unit.label_fr,
        "label_en": unit.label_en,
        "site": unit.site,
        "group": unit.group,
        "open_from": unit.open_from,
        "open_to": unit.open_to,
    }
