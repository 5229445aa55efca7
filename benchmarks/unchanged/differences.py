"""What differs between two documents, bit for bit: fields, texts, verdicts, numbers, arrays, columns."""

import io
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.digests import canonical_json

__all__ = ["Comparison", "Difference"]

MEASURED = frozenset({"answer_milliseconds", "answers_watt_hours", "training_watt_hours"})
"""Metrics that a clock measured: their values are another on each run; their thresholds, n and verdicts are not."""
DIGESTS_OF_NAMES = frozenset(
    {
        "card_digest",
        "digest",
        "evidence_digest",
        "feature_digest",
        "model_digest",
        "package_digest",
        "policy_digest",
        "report_digest",
        "seal_digest",
    }
)
"""Digests of what holds names, or of what stands beside such digests: they must go together one to one."""
TEXTS = frozenset({"label", "message", "reasons", "trust_warnings", "warnings"})
"""Sentences for people: worded anew they are told, with other numbers in them they differ."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f]\d+)*")


@dataclass(frozen=True)
class Difference:
    """A place where two documents differ, and what stands there."""

    where: str
    before: str
    after: str


class Comparison:
    """Compares one document after another, and keeps count.

    Attributes:
        differences: found so far.
        numbers: compared so far, bit for bit.
        set_aside: numbers that nothing can hold together: a clock measured them, or they are ids and times of day.
        reworded: sentences for people that say it in other words, with the same numbers.
    """

    def __init__(self, aside: Iterable[str] = ()) -> None:
        """Compares all but the fields with these dotted ends of a path, of which it counts the numbers."""
        self._aside = tuple(aside)
        self._digests: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self.differences: list[Difference] = []
        self.numbers = self.set_aside = self.reworded = 0

    def differ(self, where: str, before: object, after: object) -> None:
        """Notes a difference."""
        self.differences.append(Difference(where, _short(before), _short(after)))

    def documents(self, where: str, before: Any, after: Any, order: Sequence[str] = ()) -> None:
        """Compares two JSON values; lists at the dotted ends `order` are sorted first."""
        self._values(where, (), _sorted(before, order, ()), _sorted(after, order, ()))

    def contents(self, where: str, before: bytes, after: bytes) -> None:
        """Compares two files, byte by byte."""
        if before == after:
            self.numbers += 1
            return
        at = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), -1)
        place = min(len(before), len(after)) if at < 0 else at
        self.differ(f"{where}, byte {place}", f"{len(before)} bytes", f"{len(after)} bytes")

    def archives(self, where: str, before: bytes, after: bytes, fields: Mapping[str, str]) -> None:
        """Compares two archives of arrays (npz), array by array; `fields` renames those before."""
        with np.load(io.BytesIO(before)) as old, np.load(io.BytesIO(after)) as new:
            arrays = {fields.get(name, name): old[name] for name in old.files}
            self._names(where, arrays, new.files)
            for name in new.files:
                if name in arrays:
                    self.arrays(f"{where}/{name}", arrays[name], new[name])

    def arrays(self, where: str, before: Any, after: Any) -> None:
        """Compares two arrays: type, shape and bits."""
        if (before.dtype, before.shape) != (after.dtype, after.shape):
            self.differ(where, f"{before.dtype} {before.shape}", f"{after.dtype} {after.shape}")
            return
        self.numbers += before.size
        if before.size:
            for i in np.flatnonzero((_bits(before) != _bits(after)).any(axis=1)).tolist():
                self.differ(f"{where}[{i}]", before.ravel()[i], after.ravel()[i])

    def _values(self, where: str, path: tuple[str, ...], before: Any, after: Any) -> None:
        if self._is_aside(path):
            self.set_aside += _count(after)
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            self._objects(where, path, before, after)
        elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
            if len(before) != len(after):
                self.differ(f"{where}, length", len(before), len(after))
            for i, (old, new) in enumerate(zip(before, after, strict=False)):
                self._values(f"{where}[{i}]", path, old, new)
        elif isinstance(before, str) and isinstance(after, str):
            self._texts(where, path, before, after)
        else:
            self.numbers += 1
            if not _same(before, after):
                self.differ(where, before, after)

    def _objects(
        self, where: str, path: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        self._names(where, before, after)
        measured = after.get("metric") in MEASURED
        for name, value in before.items():
            if name not in after:
                continue
            if measured and name in ("value", "interval"):
                self.set_aside += _count(after[name])
            else:
                self._values(f"{where}.{name}", (*path, name), value, after[name])

    def _names(self, where: str, before: Iterable[str], after: Iterable[str]) -> None:
        old, new = set(before), set(after)
        for name in sorted(old ^ new):
            self.differ(
                f"{where}.{name}",
                "there" if name in old else "missing",
                "there" if name in new else "missing",
            )

    def _texts(self, where: str, path: tuple[str, ...], before: str, after: str) -> None:
        if before == after:
            return
        name = path[-1] if path else ""
        if name in DIGESTS_OF_NAMES and _DIGEST.fullmatch(before) and _DIGEST.fullmatch(after):
            there, back = self._digests
            if there.setdefault(before, after) != after or back.setdefault(after, before) != before:
                self.differ(f"{where} goes with another digest elsewhere", before, after)
        elif name in TEXTS and _numbers_in(before) == _numbers_in(after):
            self.reworded += 1
        else:
            self.differ(where, before, after)

    def _is_aside(self, path: tuple[str, ...]) -> bool:
        dotted = f".{'.'.join(path)}"
        return any(dotted.endswith(f".{end}") for end in self._aside)


def _bits(values: Any) -> Any:
    """The bytes of an array's values: uint8 [values, bytes a value]."""
    return np.frombuffer(values.tobytes(), np.uint8).reshape(values.size, -1)


def _same(before: object, after: object) -> bool:
    """Whether two JSON values that hold no others are the same, to the last bit: 0.0 is not -0.0, and not 0."""
    if type(before) is not type(after):
        return False
    if isinstance(before, float) and isinstance(after, float):
        return struct.pack("<d", before) == struct.pack("<d", after)
    return before == after


def _sorted(body: Any, order: Sequence[str], path: tuple[str, ...]) -> Any:
    if isinstance(body, Mapping):
        return {name: _sorted(value, order, (*path, name)) for name, value in body.items()}
    if not isinstance(body, list):
        return body
    inside = [_sorted(value, order, path) for value in body]
    dotted = f".{'.'.join(path)}"
    return sorted(inside, key=canonical_json) if any(dotted.endswith(f".{end}") for end in order) else inside


def _count(body: Any) -> int:
    """How many values that hold no others are in a JSON value."""
    if isinstance(body, Mapping):
        return sum(_count(value) for value in body.values())
    return sum(_count(value) for value in body) if isinstance(body, list) else 1


def _numbers_in(text: str) -> list[str]:
    return [re.sub(r"\D", ".", number) for number in _NUMBER.findall(text)]


def _short(value: object) -> str:
    text = repr(value) if isinstance(value, float) else str(value)
    return text if len(text) <= 70 else f"{text[:67]}…"
