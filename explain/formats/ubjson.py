"""Universal Binary JSON, as XGBoost writes it (https://ubjson.org, draft 12): a strict reader.

A file is data from outside. Every count is held against the bytes that are left before anything is made of it, so
what a file can cost is bounded by its own size.
"""

from typing import Any

import numpy as np

from explain.errors import ModelFileError

__all__ = ["read_ubjson"]

_DEPTH = 32  # XGBoost's own files nest nine deep
_NUMBERS = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
_INTEGERS = b"iUIlL"


def read_ubjson(data: bytes) -> Any:
    """The value in `data`; typed arrays are NumPy arrays.

    Raises:
        ModelFileError: it is not UBJSON from its first byte to its last.
    """
    reader = _Reader(data)
    value = reader.value(reader.take(1), 0)
    if reader.at != len(data):
        raise ModelFileError("The model file goes on after its end: it is damaged.")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count < 0 or count > len(self.data) - self.at:
            raise ModelFileError("The model file ends too early: it is truncated or damaged.")
        self.at += count
        return self.data[self.at - count : self.at]

    def peek(self) -> bytes:
        return self.data[self.at : self.at + 1]

    def value(self, marker: bytes, depth: int) -> Any:
        if depth > _DEPTH:
            raise ModelFileError(f"The model file nests deeper than {_DEPTH}: no model does.")
        if marker in _NUMBERS:
            return self.number(marker)
        if marker == b"S":
            return self.text()
        if marker == b"[":
            return self.array(depth)
        if marker == b"{":
            return self.object(depth)
        if marker in (b"T", b"F"):
            return marker == b"T"
        if marker == b"Z":
            return None
        raise ModelFileError(f"The model file has an unknown marker {marker!r}: it is damaged.")

    def number(self, marker: bytes) -> int | float:
        kind = np.dtype(_NUMBERS[marker])
        value: int | float = np.frombuffer(self.take(kind.itemsize), kind)[0].item()
        return value

    def count(self) -> int:
        marker = self.take(1)
        if marker not in _INTEGERS:
            raise ModelFileError("A length in the model file is not a whole number: it is damaged.")
        count = int(self.number(marker))
        if not 0 <= count <= len(self.data) - self.at:  # every element takes a byte at least
            raise ModelFileError("A length in the model file is beyond its end: it is truncated or damaged.")
        return count

    def text(self) -> str:
        # Names of features may be in any encoding, which XGBoost does not mind and trees do not ask.
        return self.take(self.count()).decode("utf-8", "surrogateescape")

    def array(self, depth: int) -> Any:
        kind = self.take(2)[1:] if self.peek() == b"$" else None
        if self.peek() == b"#":
            self.take(1)
            count = self.count()
            if kind is None:
                return [self.value(self.take(1), depth + 1) for _ in range(count)]
            if kind not in _NUMBERS:
                raise ModelFileError("A typed array in the model file is not of numbers: it is damaged.")
            dtype = np.dtype(_NUMBERS[kind])
            values = np.frombuffer(self.take(count * dtype.itemsize), dtype)
            return values.astype(dtype.newbyteorder("="))
        if kind is not None:
            raise ModelFileError("A typed array in the model file has no length: it is damaged.")
        out = []
        while (marker := self.take(1)) != b"]":
            out.append(self.value(marker, depth + 1))
        return out

    def object(self, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        while self.peek() != b"}":
            name = self.text()
            if name in out:
                raise ModelFileError(f"The model file has two entries {name[:40]!r}: it is damaged.")
            out[name] = self.value(self.take(1), depth + 1)
        self.take(1)
        return out
