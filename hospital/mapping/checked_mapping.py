"""A mapping, checked: how each contract table is made from a hospital's files."""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from hospital.contracts.local_times import Clock
from hospital.contracts.tables import TABLES, Kind
from hospital.holidays.place import OF_THE_ZONE, Locality
from hospital.mapping.file_layout import PLAIN, FileLayout
from hospital.mapping.mapping_language import Condition, Source, UnitPart
from hospital.times import Repeated, Skipped
from hospital.words.names import OwnNames

__all__ = ["Mapping", "TableMapping"]


@dataclass(frozen=True)
class TableMapping:
    """How one contract table is made from its files.

    Attributes:
        files: names or patterns in the hospital's folder; empty: the table's own name, or the one file given.
        layout: how the files are laid out.
        where: which rows of the files are read, by the file's columns.
        units: the columns of each unit, where a file has a column a unit; else empty.
    """

    files: tuple[str, ...]
    columns: dict[str, Source]
    audit: dict[str, Source]
    covariates: dict[str, Source]
    units: dict[str, dict[str, Source]]
    layout: FileLayout = PLAIN
    where: Dict[str, Condition] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every column's source."""
        parts = (self.columns, self.audit, self.covariates, *self.units.values())
        return tuple(source for part in parts for source in part.values())


@dataclass(frozen=True)
class Mapping:
    """A mapping file, checked.

    Attributes:
        zone: of naive times.
        repeated: which hour in autumn.
        skipped: what becomes of spring's.
        refused_rows: share of a table's rows that may be left out for an impossible time.
        decimal: the sign in numbers of text files.
        thousands: the sign between their groups of three digits; None: nobody said.
        missing: codes that mean unknown in every column.
        units: units described here, and their former names.
        content: the file's bytes, part of the data's digest.
        locality: whose holidays count.
        names: what people call groups of units, departments, covariates and attributes, by language.
    """

    name: str
    source: str
    licence: str
    zone: ZoneInfo
    repeated: Repeated
    skipped: Skipped
    refused_rows: float
    decimal: str
    thousands: str | None
    missing: tuple[str, ...]
    units: dict[str, UnitPart]
    tables: dict[str, TableMapping]
    content: bytes
    locality: Locality = OF_THE_ZONE
    names: OwnNames = field(default_factory=dict)

    @property
    def audit_attributes(self) -> tuple[str, ...]:
        """Attributes that judge a model and are never given to it."""
        return tuple(self.tables["visits"].audit) if "visits" in self.tables else ()

    @property
    def covariates(self) -> tuple[str, ...]:
        """Further numbers of the census."""
        return tuple(self.tables["census"].covariates) if "census" in self.tables else ()

    @property
    def former_names(self) -> dict[str, str]:
        """Each former name of a unit, and the unit."""
        return {old: name for name, unit in self.units.items() for old in unit.formerly}

    def clock(self, table: str) -> Clock:
        """How written times of a table are read."""
        mapped = self.tables.get(table)
        forms = {}
        if mapped is not None:
            kinds = {name: column.kind for name, column in TABLES[table].by_name.items()}
            timed = {n: s for n, s in mapped.columns.items() if kinds.get(n, Kind.TIME) is Kind.TIME}
            forms = {n: s.format for n, s in timed.items() if s.format is not None}
        return Clock(self.zone, self.repeated, forms, self.skipped)
