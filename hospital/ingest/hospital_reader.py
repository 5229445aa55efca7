"""A hospital's tables from its files: mapped, checked, pseudonymised, one row for each thing received."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from hospital.contracts.fault_words import fault
from hospital.contracts.tables import TABLES
from hospital.contracts.text_cleaning import clean_text
from hospital.errors import ContractError, Fault, HistoryError, MappingError
from hospital.holidays.place import OF_THE_ZONE, Locality, Place
from hospital.ingest.changed_files import hidden_findings
from hospital.ingest.chunks import CHUNK_SIZE, ChunkSize, FileChunks
from hospital.ingest.fault_causes import by_cause
from hospital.ingest.file_locations import locate, unread_files
from hospital.ingest.pseudonyms import pseudonyms_of
from hospital.ingest.raw_files import SUFFIXES, is_sheets, read_content, stem
from hospital.ingest.readers.spreadsheets import refuse_other_sheets, sheet_names
from hospital.ingest.reading_findings import (
    Finding,
    FindingText,
    alike_findings,
    unknown_unit_findings,
    unread_findings,
)
from hospital.ingest.table_assembly import ChunkedTable
from hospital.mapping.checked_mapping import Mapping, TableMapping
from hospital.mapping.column_mapping import MappedFile
from hospital.mapping.file_layout import PLAIN, FileLayout
from hospital.mapping.mapping_language import FILE_NAME, SHEET_NAME
from hospital.mapping.row_conditions import RowChoice
from hospital.mapping.unit_successions import Renamed, rename_units
from hospital.mapping.unit_table import described_units
from hospital.record.cadence import cadence_of
from hospital.words.names import NO_NAMES, OwnNames

__all__ = ["Finding", "HospitalTables", "read_hospital"]

_DEFAULT_ZONE = ZoneInfo("Europe/Paris")


@dataclass(frozen=True)
class HospitalTables:
    """A hospital's tables, by the contracts.

    Attributes:
        tables: frames by name; times datetime64[us, UTC], numbers float64, texts object; one row a version.
        cadence: of a census given directly, "hourly" or "daily" ("other": only to be looked at); None without one.
        source_digest: of the files' names and bytes and the mapping's; independent of the pseudonyms' key.
        erased: of a sealed snapshot from which persons were erased: instants between which that may be felt.
        locality: whose holidays count; without a mapping those of the zone's country.
        names: what the hospital calls its groups, departments, covariates and attributes.
    """

    tables: dict[str, pd.DataFrame]
    zone: ZoneInfo
    cadence: str | None
    audit_attributes: tuple[str, ...]
    covariates: tuple[str, ...]
    findings: tuple[Finding, ...]
    source_digest: str
    erased: tuple[tuple[int, int], ...] = ()
    locality: Locality = OF_THE_ZONE
    names: OwnNames = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """The zone, and whose holidays count."""
        return Place(self.zone, self.locality)

    def rows_by_key(self) -> dict[str, int]:
        """Rows of each table as people count them: visits, stays, units times days of a census, whatever was sent
        again with a correction."""
        return {
            name: len(frame.drop_duplicates(list(TABLES[name].key))) for name, frame in self.tables.items()
        }


def read_hospital(
    path: Path,
    mapping: Mapping | None,
    pseudonym_key: bytes,
    *,
    any_step: bool = False,
    sent_ids: dict[str, str] | None = None,
    chunk_size: ChunkSize = CHUNK_SIZE,
) -> HospitalTables:
    """Reads a directory with a file a table, or several, or one file that a mapping names.

    In a directory, tables that the mapping does not name are read too where their file has the contract's
    name and columns; their naive times are in the mapping's zone.

    Args:
        any_step: whether a census with a row every few hours is read, to be looked at; nothing is forecast from it.
        sent_ids: gets the id of each pseudonym as the files have it, to be sent on as an application does; never
            stored.
        chunk_size: how much of a file is read at once; the tables are the same.

    Raises:
        ContractError: a file or table is wrong; every fault of every table.
        MappingError: the mapping does not fit the files; with the faults of the tables, if there are any too.
        HistoryError: there is nothing to forecast from.
    """
    reader = _Reader(mapping, pseudonyms_of(pseudonym_key, sent_ids), chunk_size)
    located, missing = locate(path, mapping)
    for name, files in located.items():
        reader.read(name, files)
    reader.raise_faults(missing)
    if not {"visits", "stays", "census"} & set(located):
        kinds = ", ".join(SUFFIXES)
        raise HistoryError("faults.histories.nothing", name=path.name, kinds=kinds)
    tables, findings = reader.tables, reader.findings
    findings += [_words(done) for done in rename_units(tables, mapping.former_names if mapping else {})]
    units, derived = described_units(tables, mapping)
    if units is not None:
        tables["units"] = units
    if derived:
        findings.append(Finding("units", "derived", FindingText("derived")))
    findings += unknown_unit_findings(tables)
    if path.is_dir():
        findings += unread_findings(unread_files(path, located))
    return HospitalTables(
        tables=tables,
        zone=mapping.zone if mapping else _DEFAULT_ZONE,
        cadence=cadence_of(tables["census"], any_step=any_step) if "census" in tables else None,
        audit_attributes=reader.audit,
        covariates=mapping.covariates if mapping and "census" in tables else (),
        findings=tuple(findings),
        source_digest="sha256:" + reader.digest.hexdigest(),
        locality=mapping.locality if mapping else OF_THE_ZONE,
        names=mapping.names if mapping else NO_NAMES,
    )


class _Reader:
    """Reads table after table and keeps what is wrong with any of them."""

    def __init__(self, mapping: Mapping | None, pseudonym: Callable[[str], bytes], size: ChunkSize) -> None:
        self.mapping = mapping
        self._size = size
        self.tables: dict[str, pd.DataFrame] = {}
        self.findings: list[Finding] = []
        self.audit: tuple[str, ...] = ()
        self.digest = hashlib.sha256(mapping.content if mapping else b"")
        self._pseudonym = pseudonym
        self._faults: list[Fault] = []
        self._labels: list[str] = []
        self._mapping_wrong = False
        self._files: dict[tuple[Path, FileLayout], FileChunks] = {}

    def read(self, name: str, files: Sequence[Path]) -> None:
        """One table from its files; what is wrong with any of them is kept, each cause once."""
        before, self._faults = self._faults, []
        self._labels = [label for file in files for label in (_label(name, file, files), file.name)]
        self._read(name, files)
        found = by_cause(self._faults, self._labels, _unit_columns(self.mapping, name))
        self._faults = before + [f for f in found if f not in before]

    def _read(self, name: str, files: Sequence[Path]) -> None:
        table, whole = ChunkedTable(name, self.mapping, self._pseudonym), True
        mapped = self.mapping.tables.get(name) if self.mapping else None
        choice = RowChoice(mapped.where if mapped else {})
        for file in files:
            try:
                self._add(table, file, _label(name, file, files), choice)
            except (ContractError, MappingError) as error:
                whole = False
                self._keep(error)
        if faults := choice.faults(name):
            self._keep(MappingError(faults))
        if not whole or faults:
            return
        try:
            self.tables[name] = table.frame()
        except ContractError as error:
            self._keep(error)
        self.findings += [*table.findings, *alike_findings(name, choice.alike())]
        self.audit = table.audit or self.audit

    def raise_faults(self, before: Sequence[Fault]) -> None:
        """Raises all that was wrong, if anything was; `before` is what was wrong before reading."""
        faults = (*before, *self._faults)
        if faults:
            raise (MappingError if self._mapping_wrong else ContractError)(faults)

    def _keep(self, error: ContractError | MappingError) -> None:
        """Keeps what is wrong, to be raised with all the rest."""
        self._mapping_wrong |= isinstance(error, MappingError)
        self._faults += [f for f in error.faults if f not in self._faults]

    def _add(self, table: ChunkedTable, file: Path, label: str, choice: RowChoice) -> None:
        """Adds the rows of one file to a table, of each of its sheets where the mapping names several."""
        mapped = self.mapping.tables.get(table.name) if self.mapping else None
        layout = (
            PLAIN
            if mapped is None
            else replace(mapped.layout, columns=_columns(mapped) - {FILE_NAME, SHEET_NAME})
        )
        if is_sheets(file.name) and layout.sheet is None and not layout.sheets:
            named = self.mapping.tables.values() if self.mapping else ()
            elsewhere = {s for t in named for s in (t.layout.sheet, *t.layout.sheets) if s is not None}
            refuse_other_sheets(file.name, read_content(file), layout, elsewhere)
        if self.mapping is None or mapped is None:
            chunks = self._chunks(table, file, layout)
            for chunk in chunks:
                table.add(chunk, label)
            self.findings += hidden_findings(table.name, chunks.hidden_rows)
            return
        rows = mapped_rows = 0
        faults: list[Fault] = []
        fits = True
        parts = _parts(file, label, layout)
        self._labels += [part for part, _ in parts]
        for part, of_part in parts:
            try:
                fitted = MappedFile(self.mapping, table.name, part, choice)
                of_sheet = self._map(fitted, mapped, table, file, of_part, part)
                rows, mapped_rows = rows + of_sheet[0], mapped_rows + of_sheet[1]
            except (ContractError, MappingError) as error:
                fits = fits and not isinstance(error, MappingError)
                # Next month's sheet has no rows yet.
                faults += [f for f in error.faults if len(parts) == 1 or f.code != "no_rows"]
        if faults:
            raise (ContractError if fits else MappingError)(tuple(faults))
        if not mapped_rows and not mapped.where:
            raise ContractError((fault(label, "no_rows/units", rows),))

    def _map(
        self,
        fitted: MappedFile,
        mapped: TableMapping,
        table: ChunkedTable,
        file: Path,
        layout: FileLayout,
        label: str,
    ) -> tuple[int, int]:
        """Adds the mapped rows of one sheet or file; how many it has, and how many of them tell something."""
        rows = mapped_rows = 0
        # A mapping may read what the file's or the sheet's name says, as if each row had it in a column.
        own = {FILE_NAME: stem(file.name)} | ({SHEET_NAME: layout.sheet} if layout.sheet else {})
        own = {name: clean_text(text) for name, text in own.items() if name in _columns(mapped)}
        chunks = self._chunks(table, file, layout)
        for chunk in chunks:
            raw = chunk.assign(**own) if own else chunk
            frame = fitted.chunk(raw)
            rows, mapped_rows = rows + len(raw), mapped_rows + len(frame)
            if fitted.fits and len(frame):
                table.add(frame, label)
        fitted.raise_faults()
        self.findings += hidden_findings(table.name, chunks.hidden_rows)
        return rows, mapped_rows

    def _chunks(self, table: ChunkedTable, file: Path, layout: FileLayout) -> FileChunks:
        """The cells of a file, which is digested once however often it is read."""
        key = (file, layout)
        if key not in self._files:
            is_digested = any(path == file for path, _ in self._files)
            self._files[key] = FileChunks(file, layout, self._size)
            if not is_digested:
                self.digest.update(f"\0{file.name}\0{self._files[key].digest}".encode())
        table.expect(self._files[key].rows_about())
        return self._files[key]


def _columns(mapped: TableMapping) -> frozenset[str]:
    """The columns of a file that its mapping reads."""
    return frozenset({*mapped.where, *(name for source in mapped.sources for name in source.columns)})


def _label(name: str, file: Path, files: Sequence[Path]) -> str:
    """What faults call a file: by its table, and by its own name where the table has several."""
    return name if len(files) == 1 else f"{name}/{file.name}"


def _unit_columns(mapping: Mapping | None, name: str) -> frozenset[str]:
    """The columns of a table's files that hold something of one unit each."""
    mapped = mapping.tables.get(name) if mapping else None
    units = mapped.units.values() if mapped is not None else ()
    return frozenset(column for own in units for source in own.values() for column in source.columns)


def _parts(file: Path, label: str, layout: FileLayout) -> list[tuple[str, FileLayout]]:
    """What faults call each sheet of a file that is read, and its layout; the file where no sheets are named."""
    if not layout.sheets or not is_sheets(file.name):
        return [(label, layout)]
    names = sheet_names(file.name, read_content(file), layout.sheets)
    return [(f"{label}/{name}", layout.of_sheet(name)) for name in names]


def _words(done: Renamed) -> Finding:
    places: dict[str, object] = {"n": done.rows}
    if done.left_out:
        places["times"] = done.left_out
    case = f"renamed{'_merged' * bool(done.left_out)}{'_more' * bool(done.covariates)}"
    return Finding(done.table, "renamed_units", FindingText(case, places))
