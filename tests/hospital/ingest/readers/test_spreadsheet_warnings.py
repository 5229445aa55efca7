"""What the library that reads spreadsheets warns of is nothing for people."""

import re
import warnings
import zipfile
from io import BytesIO
from pathlib import Path

from hospital.ingest.readers.spreadsheets import read_sheet
from tests.support.hospital_files import write_xlsx


def test_a_workbook_without_styles_is_read_without_a_word(tmp_path: Path) -> None:
    """As programs write it that know no styles."""
    file, out = write_xlsx(tmp_path / "b.xlsx", [["A"], [1.0]]), BytesIO()
    with zipfile.ZipFile(file) as book, zipfile.ZipFile(out, "w") as other:
        for part in book.namelist():
            content = book.read(part)
            if part == "xl/styles.xml":
                content = re.sub(rb"<cellStyles.*?</cellStyles>", b"", content, flags=re.DOTALL)
            other.writestr(part, content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_sheet("b.xlsx", out.getvalue())) == 1
