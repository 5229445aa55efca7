"""What a model file says, held against what it must be: nothing in a file is believed."""

import json
from typing import Any

import numpy as np

from explain.errors import ModelFileError
from explain.formats.ensemble import Array

__all__ = ["json_of", "numbers", "object_in", "shown", "whole"]


def json_of(data: bytes) -> Any:
    """The value of a JSON text; names of features may be in any encoding.

    Raises:
        ModelFileError: it is none, or has an entry twice.
    """
    try:
        # XGBoost does not mind other encodings, and trees do not ask names.
        return json.loads(data.decode("utf-8", "surrogateescape"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ModelFileError("The model file is not whole JSON: it is truncated or damaged.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ModelFileError("The model file has an entry twice: it is damaged.")
    return out


def object_in(parent: Any, name: str) -> dict[str, Any]:
    """The object of that name in another."""
    value = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(value, dict):
        raise ModelFileError(f"The model file has no {name}: it is damaged, or not a model.")
    return value


def whole(parent: dict[str, Any], name: str, most: int) -> int:
    """The whole number, written as a text, of that name in an object; at most `most`."""
    text = parent.get(name)
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > 12:
        raise ModelFileError(f"The model file's {name} is not a whole number: it is damaged.")
    if int(text) > most:
        raise ModelFileError(f"The model file's {name} is {text}: more than {most} are not supported.")
    return int(text)


def numbers(value: Any, dtype: Any, count: int, name: str) -> Array:
    """`value` as an array of `count` numbers of any type that is asked for, which holds each of them."""
    if isinstance(value, list) and len(value) == count:
        wanted = (int, float) if np.dtype(dtype).kind == "f" else int
        if not all(isinstance(x, wanted) for x in value):
            raise ModelFileError(f"The model file's {name} are not all numbers of their kind: it is damaged.")
        try:
            value = np.array(value, np.float64 if np.dtype(dtype).kind == "f" else dtype)
        except (OverflowError, ValueError):
            raise ModelFileError(f"The model file's {name} are out of range: it is damaged.") from None
    if not isinstance(value, np.ndarray) or value.shape != (count,):
        raise ModelFileError(f"The model file has not {count} {name}: it is truncated or damaged.")
    if np.dtype(dtype).kind == "i" and value.dtype.kind not in "iu":
        raise ModelFileError(f"The model file's {name} are not whole numbers: it is damaged.")
    with np.errstate(over="ignore"):
        return value.astype(dtype)


def shown(value: object) -> str:
    """A text of a file in a message: its beginning."""
    return repr(value[:40]) if isinstance(value, str) else "without a name"
