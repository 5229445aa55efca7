"""The type of arrays: which shape, dtype and unit one has, whoever takes or gives it says in words."""

from typing import Any

from numpy.typing import NDArray

__all__ = ["Array"]

Array = NDArray[Any]
