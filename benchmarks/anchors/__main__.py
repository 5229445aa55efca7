"""Vigie beside outside anchors: makes the forecasts that are not there yet, compares all, and publishes.

    make bench-anchors [DATA=divi-2022,swedish] [METHOD=vigie,lightgbm] [LABEL=after] [BEFORE=before] [FRESH=1]
        [TABLE=1] [DRY=1] [FINAL=1]

Needs ``VIGIE_REAL_DATA``, and LightGBM and statsforecast for the outside methods (`make anchors-setup`). Forecasts are
kept under ``.bench/anchors``: what is there is not made again, so a run that was stopped goes on.
"""

import argparse
import re
import sys
from collections.abc import Sequence

from benchmarks.anchors.comparison import LAST, Cell, cells, groups
from benchmarks.anchors.data_sets import CHOOSING, FINAL, DataSet, data_set
from benchmarks.anchors.figures import figures_of, show
from benchmarks.anchors.intervals.change_figures import change_figures
from benchmarks.anchors.intervals.hour_bands import band_figures, band_shares
from benchmarks.anchors.intervals.shares import Share
from benchmarks.anchors.intervals.unit_shares import unit_figures, unit_shares
from benchmarks.anchors.parts import METHODS, compute, parts_of
from benchmarks.results import Figure, conditions, publish, published

__all__ = ["main"]

_CONDITIONS = "the rows that all methods have; docs/forecasts.md says how each was made"


def main() -> int:
    """Computes, compares and publishes; 1: a target is missed."""
    asked = _arguments()
    data = [data_set(n) for n in asked.data] or [*CHOOSING, *(FINAL if asked.final else ())]
    parts = parts_of(data, asked.method or METHODS, asked.label)
    if asked.dry_run:
        left = [p for p in parts if not p.done]
        for part in left:
            print(f"{part.data.name}, {part.file}: about {part.seconds} s of a core")
        print(
            f"{len(left)} of {len(parts)} parts to make: about {sum(p.seconds for p in left) / 60:.0f} min of a core"
        )
        return 0
    if not asked.table:
        compute(parts, asked.label, fresh=asked.fresh)
    return _compare([d for d in data if asked.final or not d.final], asked.label, asked.before)


def _compare(data: Sequence[DataSet], label: str, before: str | None) -> int:
    """Shows and publishes; a part of the data is shown alone, so that the whole's figures stay as they were."""
    said = f"{conditions()}; {_CONDITIONS}; Vigie's forecasts kept as {label}"
    out: list[Cell] = []
    units: list[Share] = []
    bands: list[Share] = []
    changes: list[Figure] = []
    for group, members in groups(data).items():
        out += cells(group, members, label, before)
        units += unit_shares(group, members, label)
        bands += band_shares(group, members, label)
        changes += change_figures(group, members, label, said)
    show(out)
    if not set(CHOOSING) <= set(data):
        print("A part of the data: benchmarks/results/anchors.json stays as it is.", file=sys.stderr)
        return 0
    figures = figures_of(out, said + (f", before as {before}" if before else ""))
    figures += [*unit_figures(units, said), *band_figures(bands, said), *changes]
    publish("anchors", figures + ([] if set(FINAL) <= set(data) else _of_the_last_year()))
    return 0 if all(f.met in (True, None) for f in figures) else 1


def _of_the_last_year() -> list[Figure]:
    """What was written of the year that is looked at once, where it is not looked at now."""
    return [f for f in published("anchors") if any(group in f.figure for group in LAST)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.anchors")
    parser.add_argument("--data", type=_names, default=[])
    parser.add_argument("--method", type=_names, default=[])
    parser.add_argument("--label", type=_label, default="now")
    parser.add_argument("--before", type=_label)
    parser.add_argument("--fresh", action="store_true", help="make Vigie's forecasts of this label anew")
    parser.add_argument("--table", action="store_true", help="compare what is there; make nothing")
    parser.add_argument("--dry-run", action="store_true", help="say what is missing and what it costs")
    parser.add_argument("--final", action="store_true", help="with the year that is looked at once")
    asked = parser.parse_args()
    wrong = [m for m in asked.method if m not in METHODS]
    if wrong:
        parser.error(f"no method is called {', '.join(wrong)}: {', '.join(METHODS)}")
    return asked


def _names(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _label(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,40}", text):
        raise argparse.ArgumentTypeError("letters a to z, digits and hyphens")
    return text


if __name__ == "__main__":
    sys.exit(main())
