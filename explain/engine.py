"""Exact explanations of tree ensembles at the price of a few predictions: `TreeEngine`.

Contributions are Shapley values (Lundberg et al. 2020, Nature Machine Intelligence 2:56): path-dependent, where a
feature that is not known takes the training rows' shares at each split, or interventional, against reference rows.
docs/method.md derives how they are computed.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import DTypeLike

from explain.boxes import bounds, thresholds
from explain.errors import RowsError
from explain.forest.forest import Forest, grow
from explain.formats.ensemble import Array
from explain.formats.objects import bytes_of
from explain.formats.reading import read_model
from explain.formats.rows import RowReader, Rows
from explain.kernel import Kernel, load_kernel
from explain.plain import Plain
from explain.reasons import Contributions, Interactions
from explain.tables import Tables

__all__ = ["TreeEngine"]

_ALONE = 32  # fewer rows are not worth another thread
_ALONE_LIGHT = 128  # nor these, of what takes some ten microseconds a row: a thread costs what 16 rows do
_CHUNK = 4096  # rows of a chunk
_CHUNK_VALUES = 1 << 22  # of a chunk at most, once it is widened
_TABLE_BYTES = 64 * 1024 * 1024
_REFERENCES_CACHED = 2
_MOST_PAIRS = 4_000_000


class TreeEngine:
    """Predictions and exact explanations of a tree ensemble of XGBoost or LightGBM, without either.

    Rows are float32 [rows, features], NaN where a value is missing, or a DataFrame, whose columns are taken by the
    names of the model's features, whatever their order. Outputs are margins (XGBoost's ``output_margin=True``,
    LightGBM's ``raw_score=True``): the forecast itself for regression, log-odds for logistic objectives.

    Attributes:
        features, outputs, trees, depth: sizes.
        rounds: the boosting rounds whose trees are used, [begin, end).
        names: of the features, as the model has them; empty where it has none.
    """

    def __init__(
        self,
        forest: Forest,
        *,
        threads: int | None = None,
        table_bytes: int = _TABLE_BYTES,
        compiled: bool = True,
    ) -> None:
        """Args: forest: trees. threads: used by a call on many rows; None: as many as there are cores, at most 8.

        table_bytes: what tables against reference rows may take. compiled: False for NumPy only, slower.
        """
        self._forest = forest
        library = load_kernel() if compiled else None
        self._kernel: Kernel | Plain = Plain(forest) if library is None else Kernel(library, forest)
        self.threads = threads or min(_cores(), 8)
        self._lock = threading.Lock()
        self._pools: dict[int, ThreadPoolExecutor] = {}
        self._table_bytes = table_bytes
        self._tables: OrderedDict[bytes, Tables] = OrderedDict()
        self.features, self.outputs = forest.features, forest.outputs
        self.trees, self.depth, self.rounds = forest.trees, forest.depth, forest.rounds
        self.names = forest.names
        self._reader = RowReader(forest.features, forest.names, forest.categories)

    @classmethod
    def load(
        cls,
        source: object,
        *,
        iteration_range: tuple[int, int] | None = None,
        threads: int | None = None,
        table_bytes: int = _TABLE_BYTES,
        compiled: bool = True,
    ) -> "TreeEngine":
        """The engine of a model.

        Args:
            source: a model file's path or bytes (XGBoost's ``.ubj`` and ``.json``; LightGBM's text, or what its
                ``dump_model()`` gives, as JSON), or a model in memory: a Booster or XGBModel of XGBoost, a Booster or
                LGBMModel of LightGBM.
            iteration_range: the boosting rounds whose trees are used, [begin, end), as XGBoost's ``predict`` takes
                it; (0, 0): all; None: those that the model itself forecasts with. That is all of a Booster's; of a
                file and of an XGBModel those through the best_iteration that a fit which stopped early wrote, as
                ``XGBRegressor().load_model(file)`` predicts; of LightGBM's those that it writes.
            threads, table_bytes, compiled: as in `TreeEngine`.

        Raises:
            ModelFileError: the model is damaged, of a kind that is not supported, or has not these rounds; it says
                which.
        """
        data, own_range = bytes_of(source)
        forest = grow(read_model(data, own_range if iteration_range is None else iteration_range))
        return cls(forest, threads=threads, table_bytes=table_bytes, compiled=compiled)

    @property
    def forest(self) -> Forest:
        """The trees."""
        return self._forest

    @property
    def compiled(self) -> bool:
        """Whether the compiled kernel is used."""
        return isinstance(self._kernel, Kernel)

    @property
    def base(self) -> Array:
        """Mean output over the training rows, by the trees' covers: float64, a number or [outputs]."""
        return self._squeezed(self._forest.base.copy(), 0)

    def predict(self, X: Rows) -> Array:
        """Outputs as the library adds them up: float32 (XGBoost) or float64 (LightGBM) [rows] or [rows, outputs].

        To the last bit these are those of XGBoost's and LightGBM's ``Booster.predict``, on the processor and the same
        float32 rows, but for three: `inplace_predict` of dropped trees (DART) adds in another order; where the C
        library's logarithm cannot be asked (`explain.formats.links`; Windows), the base score of a logistic or log
        link may differ in its own last bit, and a sum near 0 in more; and the mean of a random forest of LightGBM
        (which its own raw score gives as the sum) is divided tree by tree, and differs by rounding.

        Raises:
            RowsError: X does not fit the model.
        """
        return self._outputs(X, self._forest.base_score.dtype)

    def predict_exactly(self, X: Rows) -> Array:
        """Outputs added in float64, which base + contributions meet: float64 [rows] or [rows, outputs]."""
        return self._outputs(X, np.float64)

    def _outputs(self, X: Rows, dtype: DTypeLike) -> Array:
        X = self._rows(X)
        out: Array = np.empty((len(X), self.outputs), dtype)
        out[:] = self._forest.base_score
        self._spread(self._kernel.predict, X, out, _ALONE_LIGHT)
        return self._squeezed(out, 1)

    def contributions(self, X: Rows, reference: Rows | None = None) -> Contributions:
        """Contributions of each row.

        Args:
            X: rows.
            reference: rows to hold each row against (interventional: base is their
                mean output); None: path-dependent. Against references, tables are made once (for the last two
                sets of them) and a row's cost does not depend on how many there are, as long as the tables
                fit in `table_bytes`; trees that do not fit are computed reference by reference.

        Raises:
            RowsError: X or reference does not fit the model, or there is no reference row.
        """
        X = self._rows(X)
        out = np.zeros((len(X), self.outputs, self.features))
        if reference is None:
            self._spread(self._kernel.contributions, X, out, _ALONE_LIGHT)
            return Contributions(self._squeezed(out, 1), self.base, self.names)
        tables = self._tables_against(self._references(reference))
        self._spread(tables.contributions, X, out)
        return Contributions(self._squeezed(out, 1), self._squeezed(tables.base.copy(), 0), self.names)

    def contrast(self, x: Rows, reference: Rows) -> Contributions:
        """Why one row differs from one other: float32 [features], or rows of one; values [features].

        Raises:
            RowsError: one of them is not.
        """
        row, other = (
            self._references(a if hasattr(a, "columns") else np.atleast_2d(a)) for a in (x, reference)
        )
        widen = self._forest.inputs.widen
        if len(row) != 1 or len(other) != 1:
            raise RowsError("A contrast is of one row against one row.")
        out = np.zeros((self.outputs, self.features))
        self._kernel.contrast(widen(row)[0], widen(other)[0], out)
        return Contributions(self._squeezed(out, 0), self.predict_exactly(other)[0], self.names)

    def thresholds(self, feature: int) -> Array:
        """The values of a feature at which outputs may change: float32, ascending; equal to one is above it."""
        return thresholds(self._forest, feature)

    def bounds(self, low: Array, high: Array) -> tuple[Array, Array]:
        """(least, most) that any row between two gets, or beyond: float64, a number each or [outputs].

        Args:
            low, high: float32 [features], NaN in both where the value is missing.

        Raises:
            RowsError: one of them is not, or a value is missing in one alone.
        """
        both = self._rows(np.stack([low, high]))
        if (np.isnan(both[0]) != np.isnan(both[1])).any():
            raise RowsError("A value is missing at both ends of a box, or at neither.")
        least, most = bounds(self._forest, both[0], both[1])
        return self._squeezed(least, 0), self._squeezed(most, 0)

    def interactions(self, X: Rows) -> Interactions:
        """Path-dependent Shapley interaction values of each row, as XGBoost's ``pred_interactions``.

        Raises:
            RowsError: X does not fit the model, or there are too many features for their pairs.
        """
        X = self._rows(X)
        if self.features**2 * self.outputs > _MOST_PAIRS:
            raise RowsError(f"Pairs of {self.features} features are more than {_MOST_PAIRS}: not supported.")
        out = np.zeros((len(X), self.outputs, self.features, self.features))
        self._spread(self._kernel.interactions, X, out)
        return Interactions(self._squeezed(out, 1), self.base)

    def _tables_against(self, reference: Array) -> Tables:
        key = hashlib.sha256(reference.tobytes()).digest()
        with self._lock:
            tables = self._tables.get(key)
        if tables is None:
            # Of rows of our own: the caller may go on writing into theirs.
            rows = self._forest.inputs.widen(reference.copy())
            tables = Tables.of(self._forest, self._kernel, rows, self._table_bytes)
        with self._lock:
            self._tables[key] = tables
            self._tables.move_to_end(key)
            while len(self._tables) > _REFERENCES_CACHED:
                self._tables.popitem(last=False)
        return tables

    def _spread(
        self, call: Callable[[Array, Array], None], X: Array, out: Array, alone: int = _ALONE
    ) -> None:
        """Calls on chunks of the rows, on as many threads as there are; fewer rows than `alone` on this one."""
        rows, widen = len(X), self._forest.inputs.widen
        most = max(min(_CHUNK, _CHUNK_VALUES // self._forest.columns), 16)
        if rows <= most and (self.threads == 1 or rows < alone):
            call(widen(X), out)
            return
        size = min(-(-rows // self.threads), most)
        size = -(-size // 16) * 16  # whole vectors, whatever their width
        starts = range(0, rows, size)

        def part(i: int) -> None:
            call(widen(X[i : i + size]), out[i : i + size])

        if self.threads == 1:
            for i in starts:
                part(i)
            return
        pool = self._pool()
        done = [pool.submit(part, i) for i in starts[1:]]
        part(0)
        for one in done:
            one.result()

    def _pool(self) -> ThreadPoolExecutor:
        """The threads of this process: those of the one it was forked from are not there."""
        with self._lock:
            pool = self._pools.get(os.getpid())
            if pool is None:
                pool = ThreadPoolExecutor(self.threads, "explain")
                self._pools = {os.getpid(): pool}
            return pool

    def _rows(self, X: Rows) -> Array:
        return self._reader.read(X)

    def _references(self, reference: Rows) -> Array:
        rows = self._rows(reference)
        if not len(rows):
            raise RowsError("There is no reference row to hold the rows against.")
        return rows

    def _squeezed(self, values: Array, axis: int) -> Array:
        """Without the axis of outputs where there is one output."""
        return values if self.outputs > 1 else np.asarray(values.squeeze(axis))


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
