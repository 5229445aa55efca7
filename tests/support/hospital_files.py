"""Small files of the forms that hospitals have, with invented contents."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from hospital.errors import ContractError, MappingError, VigieError
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.mapping.mapping_file import load_mapping
from tests.support.repository import ROOT

__all__ = [
    "HEAD",
    "KEY",
    "MAPPINGS",
    "faults_of",
    "passage",
    "read_french",
    "read_mapped",
    "read_shipped",
    "write_rpu",
    "write_xlsx",
]

MAPPINGS = ROOT / "docs" / "mappings"
"""The mappings that Vigie ships."""
HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\nrepeated_hour = "first"\n'

KEY = b"a key of tests, 32 bytes long..."
"""Makes pseudonyms."""

_PASSAGE = {
    "CP": "35000",
    "COMMUNE": "VAUCLAIR",
    "NAISSANCE": "15/03/1984",
    "SEXE": "F",
    "ENTREE": "04/03/2024 08:10",
    "MODE_ENTREE": "8",
    "PROVENANCE": "",
    "TRANSPORT": "PERSO",
    "TRANSPORT_PEC": "AUCUN",
    "MOTIF": "douleur",
    "GRAVITE": "2",
    "DP": "S610",
    "PREMIER_CONTACT": "04/03/2024 08:50",
    "SORTIE": "04/03/2024 10:00",
    "MODE_SORTIE": "8",
    "DESTINATION": "",
    "ORIENT": "",
}


def passage(**changed: str) -> dict[str, str]:
    """One passage, an ordinary one but for what is given."""
    return {**_PASSAGE, **changed}


def write_rpu(path: Path, passages: Sequence[Mapping[str, str]], finess: str = "350000001") -> Path:
    """An RPU export."""
    rows = []
    for one in passages:
        cells = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in one.items())
        rows.append(f"<PATIENT>{cells}<LISTE_DA><DA>I10</DA></LISTE_DA></PATIENT>")
    head = f"<FINESS>{finess}</FINESS><ORDRE>1</ORDRE><EXTRACT>05/03/2024 04:00</EXTRACT>"
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
        f"<OSCOUR><ETABLISSEMENT>{head}</ETABLISSEMENT><PASSAGES>{''.join(rows)}</PASSAGES></OSCOUR>"
    )
    path.write_bytes(text.encode("latin-1"))
    return path


def write_xlsx(path: Path, rows: Sequence[Sequence[Any]], sheet: str = "Recensement") -> Path:
    """A spreadsheet with one sheet."""
    from openpyxl import Workbook

    book = Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append(list(row))
    book.save(path)
    return path


def read_shipped(path: Path, shipped: str) -> HospitalTables:
    """A folder's or file's tables, read through a mapping that Vigie ships."""
    return read_hospital(path, load_mapping(MAPPINGS / f"{shipped}.toml"), KEY)


def read_french(folder: Path, mapping: str) -> HospitalTables:
    """A folder's tables, read through a mapping whose times are of Paris."""
    return read_mapped(folder, HEAD + mapping)


def faults_of(error: VigieError) -> set[tuple[str, str, int]]:
    """Path, code and number of rows of each fault; no value of a cell is among the words."""
    assert isinstance(error, (ContractError, MappingError))
    assert "SECRET" not in str(error)
    return {(f.path, f.code, f.rows) for f in error.faults}


def read_mapped(path: Path, mapping: str, *, any_step: bool = False) -> HospitalTables:
    """A folder's or file's tables, read through a mapping that is written beside them."""
    file = path / "mapping.toml" if path.is_dir() else path.with_name("mapping.toml")
    file.write_text(mapping, encoding="utf-8")
    return read_hospital(path, load_mapping(file), KEY, any_step=any_step)
