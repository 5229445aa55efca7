"""The compiled kernel, loaded. ``kernel.c`` says what it computes."""

import ctypes
import logging
import platform
import threading
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from explain.forest.forest import Forest
from explain.forest.pair_factors import PairFactors, pair_factors
from explain.formats.ensemble import Array

__all__ = ["Kernel", "aligned", "load_kernel", "open_kernel", "processor_has"]

_ALIGNMENT = 64
_SIZES = ("trees", "features", "columns", "outputs", "most_splits", "most_points", "depth")
_ARRAYS = (
    *("first", "root", "points", "output", "tree_curve", "tall"),
    *("splits", "curve", "leaf", "gauss", "owner"),
)
_SPLIT = np.dtype(
    [("ratio", "f8"), ("threshold", "f4")]
    + [(name, "i4") for name in ("column", "left", "right", "before", "curve_at")]
)


class _Forest(ctypes.Structure):
    """`forest` of ``kernel.c``."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in _SIZES),
        *((name, ctypes.c_void_p) for name in _ARRAYS),
    )


def aligned(count: int, dtype: DTypeLike = np.float64) -> Array:
    """Room for `count` numbers (float64, or any type asked for) at an address that the kernel's vectors need."""
    size = count * np.dtype(dtype).itemsize
    room = np.empty(size + _ALIGNMENT, np.uint8)
    start = -room.ctypes.data % _ALIGNMENT
    return room[start : start + size].view(dtype)


@cache
def load_kernel() -> ctypes.CDLL | None:
    """The widest built variant that this processor has; None where nothing was built."""
    from explain.build import (
        advice,
        kernel_path,
        variants,
    )  # not above: python -m explain.build imports this module

    for variant in variants():
        path = kernel_path(variant)
        if processor_has(variant) and path.exists():
            return open_kernel(path)
    logging.getLogger(__name__).warning(
        "The compiled kernel is not there: explanations are computed in NumPy, exactly and far slower. Build it: %s",
        advice(),
    )
    return None


def processor_has(variant: str) -> bool:
    """Whether this processor runs a variant."""
    from explain.build import variants

    return variants()[variant] <= _processor_flags()


def open_kernel(path: Path) -> ctypes.CDLL:
    """One built variant."""
    library = ctypes.CDLL(str(path))
    for name in ("scratch_bytes", "pair_bytes", "look_up_bytes"):
        getattr(library, name).restype = ctypes.c_int64
    return library


def _processor_flags() -> set[str]:
    """What the processor says that it has (Linux); nothing elsewhere, where the plainest variant serves."""
    if platform.system() != "Linux":
        return set()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            return set(line.partition(":")[2].split())
    return set()


class Kernel:
    """The compiled functions on one forest. Calls release Python's lock; each thread has room of its own.

    Everything takes X: float32 [rows, columns] (`explain.forest.inputs`), contiguous, and checks nothing:
    `explain.engine` does.
    """

    def __init__(self, library: ctypes.CDLL, forest: Forest) -> None:
        self._library, self._room = library, threading.local()
        made = {"splits": _splits(forest), "owner": forest.inputs.owner}
        arrays = {name: made[name] if name in made else getattr(forest, name) for name in _ARRAYS}
        self._kept = {name: aligned(array.size, array.dtype) for name, array in arrays.items()}
        for name, room in self._kept.items():
            room[:] = arrays[name].ravel()
        sizes = [getattr(forest, name) for name in _SIZES]
        self._forest = _Forest(*sizes, *(self._kept[name].ctypes.data for name in _ARRAYS))
        self._address = ctypes.byref(self._forest)
        self._most_splits, self._grown = forest.most_splits, forest
        self._pair_factors: PairFactors | None = None

    def predict(self, X: Array, out: Array) -> None:
        """Adds the trees to out (float32 or float64, [rows, outputs])."""
        call = self._library.predict if out.dtype == np.float32 else self._library.predict_exactly
        call(self._address, _at(X), ctypes.c_int64(len(X)), _at(out))

    def contributions(self, X: Array, out: Array) -> None:
        """Writes path-dependent contributions into out: float64 [rows, outputs, features]."""
        scratch = self._scratch("scratch_bytes")
        self._library.contributions(self._address, _at(X), ctypes.c_int64(len(X)), _at(out), _at(scratch))

    def interactions(self, X: Array, out: Array) -> None:
        """Writes path-dependent interactions into out: float64 [rows, outputs, features, features]."""
        factors = self._pair_factors
        if factors is None:  # two threads may both make them, and make the same
            factors = self._pair_factors = pair_factors(self._grown)
        scratch = self._scratch("pair_bytes")
        self._library.interactions(
            self._address,
            _at(X),
            ctypes.c_int64(len(X)),
            _at(factors.own),
            _at(factors.first),
            _at(factors.others),
            _at(factors.inverse),
            _at(factors.begin),
            _at(out),
            _at(scratch),
        )

    def against(self, X: Array, reference: Array, trees: Array, out: Array) -> None:
        """Adds contributions of `trees` (int32) against the mean of `reference` (like X) to out."""
        scratch = self._scratch("scratch_bytes")
        met = np.empty(2 * self._most_splits, np.uint8)
        self._library.against(
            self._address,
            _at(X),
            ctypes.c_int64(len(X)),
            _at(reference),
            ctypes.c_int64(len(reference)),
            _at(trees),
            ctypes.c_int32(trees.size),
            _at(out),
            _at(scratch),
            _at(met),
        )

    def make_tables(self, tables: ctypes.Structure, reference: Array) -> None:
        """Fills tables (`explain.tables`) from reference rows: float32 [references, columns]."""
        left = np.empty(len(reference) * self._most_splits, np.uint8)
        share, phi = aligned(1 << 12), aligned(12 << 12)
        self._library.make_tables(
            self._address,
            ctypes.byref(tables),
            _at(reference),
            ctypes.c_int64(len(reference)),
            _at(left),
            _at(share),
            _at(phi),
        )

    def look_up(self, tables: ctypes.Structure, X: Array, out: Array) -> None:
        """Adds what the tables hold of X to out: float64 [rows, outputs, features]."""
        scratch = self._scratch("look_up_bytes")
        self._library.look_up(
            self._address, ctypes.byref(tables), _at(X), ctypes.c_int64(len(X)), _at(out), _at(scratch)
        )

    def contrast(self, x: Array, other: Array, out: Array) -> None:
        """Adds contributions of x against other (float32 [columns]) to out: float64 [outputs, features]."""
        state = np.zeros(out.shape[-1], np.uint8)
        self._library.contrast(self._address, _at(x), _at(other), _at(out), _at(state))

    def _scratch(self, kind: str) -> Array:
        room = getattr(self._room, kind, None)
        if room is None:
            room = aligned(int(getattr(self._library, kind)(self._address)), np.uint8)
            setattr(self._room, kind, room)
        return room


def _splits(forest: Forest) -> Array:
    """The splits as `split` of ``kernel.h``."""
    out = np.zeros(forest.feature.size, _SPLIT)
    for name in ("ratio", "threshold", "left", "right", "before"):
        out[name] = getattr(forest, name)
    out["column"] = 2 * forest.column + forest.default_left
    out["curve_at"] = np.where((forest.before < 0) & (forest.asked_again == 1), -2, forest.curve_at)
    return out


def _at(array: Array) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
