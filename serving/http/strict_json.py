"""JSON as RFC 8259 and nothing else: no key twice, no NaN, no Infinity, no lone surrogate, UTF-8 only.

Of a key sent twice most parsers keep one silently, so two systems can read two patients in one body.
"""

import json
import math
from typing import Any, NoReturn

from serving.errors import Problem

__all__ = ["parse"]

MAX_DEPTH = 32
MAX_NAMES = 200
"""Names in one object: several times as many as any row has. Each that is none is a fault to be named."""
MAX_VALUES = 600_000
"""Values in one body: twice those of the most rows that it may have. Each takes ten times its bytes once it is read."""
_GZIP = b"\x1f\x8b"
_OPEN, _CLOSE = frozenset("[{"), frozenset("]}")


def parse(body: bytes) -> Any:
    """The value in a body.

    Raises:
        Problem: 400 with the code ``malformed_json``, ``not_utf8``, ``duplicate_key``, ``not_a_finite_number``,
            ``too_deep``, ``too_many_names``, ``too_many_values`` or ``lone_surrogate``; 415: it is compressed,
            whatever its head says.
    """
    if body.startswith(_GZIP):
        raise Problem(415, "unsupported_content_encoding", "problems.unsupported_content_encoding")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(400, "not_utf8", "problems.not_utf8") from None
    if text.startswith("\ufeff"):
        raise Problem(400, "malformed_json", "problems.byte_order_mark")
    if text.count(",") >= MAX_VALUES:
        raise Problem(400, "too_many_values", "problems.too_many_values", n=MAX_VALUES)
    if _too_deep(text):
        raise Problem(400, "too_deep", "problems.too_deep", n=MAX_DEPTH)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Problem(
            400, "malformed_json", "problems.malformed_json_at", line=error.lineno, column=error.colno
        ) from None
    except (ValueError, RecursionError):
        raise Problem(400, "malformed_json", "problems.malformed_json") from None
    if "\\u" in text:
        _refuse_surrogates(value)
    return value


def _too_deep(text: str) -> bool:
    """Whether brackets outside of strings are nested too deep; few brackets need no look."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    parts = text.replace("\\\\", "").replace('\\"', "").split('"')
    for part in parts[::2]:  # outside of strings
        for character in part:
            if character in _OPEN:
                depth += 1
                if depth > MAX_DEPTH:
                    return True
            elif character in _CLOSE:
                depth -= 1
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Problem(400, "duplicate_key", "problems.duplicate_key")
    if len(found) > MAX_NAMES:
        raise Problem(400, "too_many_names", "problems.too_many_names", n=MAX_NAMES)
    return found


def _constant(_: str) -> NoReturn:
    raise Problem(400, "not_a_finite_number", "problems.not_a_finite_number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Problem(400, "not_a_finite_number", "problems.number_too_large")
    return value


def _integer(text: str) -> int | float:
    # Python refuses thousands of digits and keeps hundreds exactly; no count here needs more than a double.
    return int(text) if len(text) < 16 else _float(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer
)
"""Made once: `json.loads` makes one for each body that is read in another way than its own."""


def _refuse_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise Problem(400, "lone_surrogate", "problems.lone_surrogate") from None
