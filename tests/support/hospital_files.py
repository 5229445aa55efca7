"""Small files of the forms that hospitals have, with invented contents."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

__all__ = ["passage", "write_rpu", "write_xlsx"]

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
