"""What is to be computed, what of it is there, what it costs, and the computing: a file of forecasts for each part."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.anchors import classics, plain_boosters
from benchmarks.anchors.bed_series import places, series_of
from benchmarks.anchors.classics import CLASSICS, forecast_classic
from benchmarks.anchors.data_sets import DataSet, real_data
from benchmarks.anchors.forecast_files import Forecasts, path_of, read, write
from benchmarks.anchors.plain_beds import forecast_beds
from benchmarks.anchors.plain_waits import forecast_survey, forecast_waits
from benchmarks.anchors.vigie import MODEL, SERVED, forecast_by_vigie
from benchmarks.forecasts.nhamcs import read_survey
from hospital.arrays import Array
from training.provenance import code_commit

__all__ = ["METHODS", "Part", "compute", "parts_of"]

METHODS = ("vigie", "lightgbm", *CLASSICS)
_SECONDS = {
    ("vigie", "divi"): 30,
    ("vigie", "swedish"): 15,
    ("vigie", "nhamcs"): 5,
    ("vigie", "hospital-beds"): 55,
    ("vigie", "hospital-waits"): 15,
    ("lightgbm", "divi"): 50,
    ("lightgbm", "swedish"): 20,
    ("lightgbm", "nhamcs"): 15,
    ("lightgbm", "hospital-beds"): 100,
    ("lightgbm", "hospital-waits"): 30,
    ("autoarima", "divi"): 200,
    ("autotheta", "divi"): 55,
    ("mstl", "divi"): 80,
}
"""Of one core, as measured once."""
_CLASSIC_SECONDS = 300


@dataclass(frozen=True)
class Part:
    """One method on one data set.

    Attributes:
        file: what its forecasts are kept as.
    """

    data: DataSet
    method: str
    file: str

    @property
    def done(self) -> bool:
        """Whether its forecasts are there."""
        return path_of(self.data.name, self.file).exists()

    @property
    def seconds(self) -> int:
        """About what it takes, of one core."""
        return _SECONDS.get((self.method, self.data.group), _CLASSIC_SECONDS)


def parts_of(data: Sequence[DataSet], methods: Sequence[str], label: str) -> list[Part]:
    """All parts in the order in which they are computed: Vigie first, whose rows the others forecast."""
    return [
        Part(one, method, f"{SERVED}-{label}" if method == "vigie" else method)
        for one in data
        for method in METHODS
        if method in methods and (method not in CLASSICS or one.kind == "beds")
    ]


def compute(parts: Sequence[Part], label: str, *, fresh: bool) -> None:
    """Computes what is not there, saying how far it is; what Vigie of another commit made is named.

    Args:
        fresh: Vigie's forecasts of this label are made anew.
    """
    for number, part in enumerate(parts, 1):
        name = f"[{number}/{len(parts)}] {part.data.name}, {part.file}"
        if part.done and not (fresh and part.method == "vigie"):
            _say(f"{name}: there{_other_commit(part)}")
            continue
        _say(f"{name}: about {part.seconds} s of a core")
        begun = time.monotonic()
        if part.method == "vigie":
            for kind, forecasts in forecast_by_vigie(part.data).items():
                write(path_of(part.data.name, f"{kind}-{label}"), forecasts)
        else:
            rows = _rows(part.data)
            found, made_by = _outside(part, rows, lambda words, name=name: _say(f"{name}: {words} done"))  # type: ignore[misc]
            write(path_of(part.data.name, part.file), rows.forecast_as(found, made_by))
        _say(f"{name}: {time.monotonic() - begun:.0f} s")


def _other_commit(part: Part) -> str:
    if part.method != "vigie":
        return ""
    made_by, now = read(path_of(part.data.name, part.file)).made_by, code_commit()
    return "" if made_by == now else f", made by {made_by[:12]}, this is {now[:12]}; FRESH=1 makes it anew"


def _rows(data: DataSet) -> Forecasts:
    """The rows to forecast: those that any Vigie forecast.

    Raises:
        SystemExit: none has.
    """
    files = sorted(path_of(data.name, "").parent.glob(f"{MODEL}-*.npz"))
    if not files:
        raise SystemExit(
            f"{data.name}: the rows are those that Vigie forecasts; METHOD=vigie DATA={data.name} first"
        )
    return read(files[0])


def _outside(part: Part, rows: Forecasts, progress: Callable[[str], None]) -> tuple[Array, str]:
    """(quantiles of the rows, what made them)."""
    data = part.data
    if data.kind == "survey":
        return forecast_survey(read_survey(real_data(), data.number), rows), plain_boosters.made_by()
    tables = data.tables()
    if data.kind == "waits":
        return forecast_waits(tables, rows), plain_boosters.made_by()
    series, first = series_of(tables), int(rows.time.min())
    of = places(series, rows)
    if part.method == "lightgbm":
        return forecast_beds(series, of, first, progress), plain_boosters.made_by()
    return forecast_classic(part.method, series, of, first, progress), classics.made_by()


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
