"""The text of a CSV file, whatever encoding it is in, and where in it the names end and the rows begin."""

import codecs
import io
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from hospital.errors import ContractError
from hospital.ingest.readers.csv_head import Head, csv_fault, head_of
from hospital.ingest.readers.csv_quotes import QuoteCheck, RowShapes
from hospital.mapping.file_layout import FileLayout

__all__ = ["CHUNK_BYTES", "CsvText", "open_text", "utf16_of"]

CHUNK_BYTES = 1 << 20
"""Of a text are decoded and checked at once, as a rule."""
_HEAD_BYTES = 1 << 20
"""The names, and titles above them, stand within these."""
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_OTHER_KINDS = (
    (b"PK\x03\x04", ".xlsx (.zip)"),
    (b"\xd0\xcf\x11\xe0", ".xls"),
    (b"PAR1", ".parquet"),
    (b"\x1f\x8b", ".gz"),
    (b"<", "HTML, XML"),
    (b"{", "JSON"),
)
"""How files of other kinds begin."""
_CONTROLS = re.compile("[\x80-\x9f]")
_ONE_BYTE = frozenset(
    {"cp1252", "iso8859-1", "iso8859-15", "cp850", "cp437", "mac-roman", "cp1250", "iso8859-2"}
)

Opener = Callable[[], BinaryIO]


class CsvText:
    """A text that was read to its end once and is whole.

    Attributes:
        head: where its rows begin, and below which names.
    """

    def __init__(self, opened: Opener, encoding: str, head: Head, chunk_bytes: int) -> None:
        self._opened, self._encoding, self.head, self._chunk_bytes = opened, encoding, head, chunk_bytes

    def rows(self) -> io.RawIOBase:
        """The rows as UTF-8, without what stands above them."""
        stream = _Recoded(self._opened(), self._encoding, self._chunk_bytes)
        left = self.head.start
        while left:
            left -= len(stream.read(min(left, self._chunk_bytes)))
        return stream


def open_text(name: str, opened: Opener, layout: FileLayout, chunk_bytes: int = CHUNK_BYTES) -> CsvText:
    """Reads a text to its end, and finds its names.

    Raises:
        ContractError: no whole gzip, another encoding than the one that is named, no text, marks that are not whole.
    """
    with _plain_gzip(name), opened() as stream:
        start = stream.read(_HEAD_BYTES)
    other = next((kind for mark, kind in _OTHER_KINDS if start.startswith(mark)), None)
    if other is not None:
        raise csv_fault(name, "other_kind", other=other)
    encoding = _encoding(name, start, layout.encoding)
    text = "".join(_decoded(name, io.BytesIO(start), encoding, _HEAD_BYTES, whole=False))
    head = head_of(name, text, layout)
    shapes = RowShapes.of(head.rows, len(head.names[-1]))
    check, left = QuoteCheck(name, head.separator, head.line, shapes), head.first
    with _plain_gzip(name), opened() as stream:
        for part in _decoded(name, stream, encoding, chunk_bytes):
            content = part.encode()
            check.add(content[left:])
            left = max(left - len(content), 0)
    check.end()
    return CsvText(opened, encoding, head, chunk_bytes)


@contextmanager
def _plain_gzip(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error):
        raise csv_fault(name, "not_gzip") from None


class _Recoded(io.RawIOBase):
    """A stream of bytes in any encoding, read as UTF-8 without a byte-order mark."""

    def __init__(self, stream: BinaryIO, encoding: str, chunk_bytes: int) -> None:
        self._stream, self._chunk_bytes = stream, chunk_bytes
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._plain = encoding == "utf-8"
        self._rest = b""
        self._begun = self._ended = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._ended and (size < 0 or len(self._rest) < size):
            content = self._stream.read(self._chunk_bytes if size < 0 else max(size, 1))
            self._ended = not content
            if not self._plain:
                content = self._decoder.decode(content, final=not content).encode()
            self._rest += content
            if not self._begun and (len(self._rest) >= len(codecs.BOM_UTF8) or self._ended):
                self._rest, self._begun = self._rest.removeprefix(codecs.BOM_UTF8), True
        stop = len(self._rest) if size < 0 else size
        out, self._rest = self._rest[:stop], self._rest[stop:]
        return out

    def close(self) -> None:
        self._stream.close()
        super().close()


def _encoding(name: str, start: bytes, named: str | None) -> str:
    """The encoding to read in: what the byte-order mark says, or the mapping, or UTF-8."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if named is None or named.startswith("utf-16"):
        wide = utf16_of(start)
        if named is None and wide is not None:
            raise csv_fault(name, "not_utf8/utf16", encoding=wide)
        if named == "utf-16":
            return wide or "utf-16-le"
    return named or "utf-8"


def utf16_of(start: bytes) -> str | None:
    """The kind of UTF-16 that a text without a byte-order mark is in; None where it is none.

    Of each pair of bytes of a text in Latin letters one is zero, always the same.
    """
    pairs = len(start) // 2
    low, high = start[0 : 2 * pairs : 2].count(0), start[1 : 2 * pairs : 2].count(0)
    if pairs >= 2 and high > 0.9 * pairs and low < 0.02 * pairs:
        return "utf-16-le"
    return "utf-16-be" if pairs >= 2 and low > 0.9 * pairs and high < 0.02 * pairs else None


def _decoded(
    name: str, stream: BinaryIO, encoding: str, chunk_bytes: int, whole: bool = True
) -> Iterator[str]:
    """The text in chunks, with what shows that the encoding is another; else than as a whole, the first one alone."""
    decoder, other, foreign = (
        codecs.getincrementaldecoder(encoding)(),
        codecs.getincrementaldecoder("utf-8")(),
        False,
    )
    line, blank, first = 1, True, True
    may_be_utf8 = encoding in _ONE_BYTE
    while True:
        content = stream.read(chunk_bytes)
        ended = not content
        try:
            text = decoder.decode(content, final=ended)
        except UnicodeDecodeError as error:
            line += content[: error.start].count(b"\n")
            raise _not_in(name, encoding, line) from None
        if may_be_utf8:
            foreign = foreign or not content.isascii()
            may_be_utf8 = _decodes(other, content, ended)
        if encoding.startswith("iso8859") and _CONTROLS.search(text):
            raise csv_fault(name, "wrong_encoding/cp1252", encoding=encoding)
        if "\0" in text:
            raise csv_fault(name, "not_csv")
        blank = blank and not text.strip()
        line += text.count("\n")
        yield text.removeprefix("\ufeff") if first else text
        first = first and not text
        if ended or not whole:
            break
    if not whole:
        return
    if blank:
        raise csv_fault(name, "not_csv")
    if foreign and may_be_utf8:
        raise csv_fault(name, "wrong_encoding/utf8", encoding=encoding)


def _decodes(decoder: codecs.IncrementalDecoder, content: bytes, ended: bool) -> bool:
    try:
        decoder.decode(content, final=ended)
    except UnicodeDecodeError:
        return False
    return True


def _not_in(name: str, encoding: str, line: int) -> ContractError:
    if encoding != "utf-8":
        return csv_fault(name, "wrong_encoding", encoding=encoding, line=str(line))
    return csv_fault(name, "not_utf8", line=str(line))
