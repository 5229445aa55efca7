"""The scale of one machine: ten million visits imported; bed demand of 100 units and two hourly years trained.

Each size runs in a process of its own on two threads; memory is its largest resident set (VmHWM), imports and
tables included. The import is `read_hospital`; training is `build_package`, without the snapshot and the scores.

    python -m benchmarks.forecasts.training_cost [--visits N] [--units 12,25,50,100] [--days 730]
        [--sampled-units N] [--only PART]

With ``--only`` (import, curve or sampling) the figures of the other parts stay as they were written.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.forecasts.census_table import write_census
from benchmarks.forecasts.visit_table import write_visits
from benchmarks.results import FOLDER, Figure, conditions, publish, published
from hospital.dataset import samples
from hospital.dataset.splits import HORIZONS_HOURS
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import read_hospital
from hospital.times import DAY
from registry.candidates.snapshots import seal_snapshot
from registry.model.dataset import forecast, prepare_beds
from registry.model.forecast_model import ForecastModel

THREADS, SEED = 2, 1
MOST_IMPORT_SECONDS, MOST_IMPORT_GB = 180, 2.0
MOST_TRAIN_SECONDS, MOST_TRAIN_GB = 900, 8.0
MOST_LOSS_PERCENT = 1.0
_KEY = b"benchmark"
_PARTS = ("import", "curve", "sampling")
_TEST_DAYS = 120
_TEST_STEP_HOURS = 7
"""Hours between two judged prediction times: prime to 24 and to the sampled step, so that neither is favoured."""


def import_visits(folder: Path) -> dict[str, float]:
    """Reads a folder's visits in this process; then what the sealed snapshot of them costs."""
    started, worked = time.monotonic(), time.process_time()
    tables = read_hospital(folder, None, _KEY)
    found = {
        "rows": len(tables.tables["visits"]),
        "seconds": time.monotonic() - started,
        "processor_seconds": time.process_time() - worked,
        "bytes": _most_bytes(),
    }
    started = time.monotonic()
    seal_snapshot(folder / "snapshots", tables)
    return found | {"seal_seconds": time.monotonic() - started, "seal_bytes": _most_bytes()}


def train(folder: Path, step_hours: int, test: bool) -> dict[str, float]:
    """Trains bed demand on a folder's census in this process.

    Args:
        step_hours: between two sampled prediction times. test: also measure the error on the last days.
    """
    from training.packages.package_request import Request
    from training.train import build_package

    samples.BED_STEP_HOURS = step_hours
    tables = read_hospital(folder, None, _KEY)
    last = int(tables.tables["census"]["at"].max().timestamp() * 1_000_000)
    test_from = last - _TEST_DAYS * DAY
    request = Request("bed-demand", test_from=test_from, seed=SEED, threads=THREADS)
    package = folder / f"package-{step_hours}"
    started, worked = time.monotonic(), time.process_time()
    prepared = build_package(request, tables, package, lambda *_: None).prepared
    found = {
        "rows": prepared.prediction_time.size,
        "seconds": time.monotonic() - started,
        "processor_seconds": time.process_time() - worked,
        "bytes": _most_bytes(),
    }
    if not test:
        return found
    samples.BED_STEP_HOURS = _TEST_STEP_HOURS
    model = ForecastModel(package)
    horizons = model.manifest.horizons_hours
    same = prepare_beds(events_of(tables), tables.covariates, horizons, prepared.features)
    judged = same.part((same.prediction_time >= test_from) & ~np.isnan(same.outcome))
    quantiles = forecast(model, judged.rows(model.beds_or_raise))
    error = np.abs(quantiles[:, quantiles.shape[1] // 2] - judged.outcome)
    return found | {"judged": error.size, "error": float(np.nanmean(error))}


def _most_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def _apart(*arguments: str | int | Path) -> tuple[dict[str, float], str]:
    """What a child process found, and the load before it in words."""
    load = f"{conditions()}, load {os.getloadavg()[0]:.1f} before"
    command = [sys.executable, "-m", "benchmarks.forecasts.training_cost", "--child", *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1]), load


def import_figures(folder: Path, visits: int, kind: str, received: bool) -> list[Figure]:
    """The figures of one import; of visits without ``received_at`` a tenth, as each becomes several rows."""
    here = folder / f"visits-{kind}-{received}"
    here.mkdir()
    rows = visits if received else visits // 10
    write_visits(here / f"visits.{kind}", rows, seed=SEED, received=received)
    found, load = _apart("import", here)
    (here / f"visits.{kind}").unlink()
    where = f"{load}; {rows:,} synthetic visits, every column of the contract and three audit attributes"
    where += "" if received else f"; without received_at: unrolled to {found['rows']:,.0f} rows"
    name = f"import of {rows:,} visits, {kind}{'' if received else ', unrolled'}"
    whole = received and visits >= 10_000_000
    seconds, gb = found["seconds"], found["bytes"] / 1e9
    target = (f"under {MOST_IMPORT_SECONDS}", f"under {MOST_IMPORT_GB:g}") if whole else (None, None)
    fast, small = (seconds < MOST_IMPORT_SECONDS, gb < MOST_IMPORT_GB) if whole else (None, None)
    return [
        Figure(f"{name}: time", "s", target[0], round(seconds, 1), fast, where),
        Figure(f"{name}: processor time", "s", None, round(found["processor_seconds"], 1), None, where),
        Figure(f"{name}: most memory", "GB", target[1], round(gb, 2), small, where),
        Figure(f"{name}: sealing the snapshot", "s", None, round(found["seal_seconds"], 1), None, where),
        Figure(f"{name}: most memory, sealed", "GB", None, round(found["seal_bytes"] / 1e9, 2), None, where),
    ]


def _curve(folder: Path, units: list[int], days: int) -> list[Figure]:
    out, all_found = [], []
    for number in units:
        here = folder / f"census-{number}"
        write_census(here, number, days, seed=SEED)
        found, load = _apart("train", here, samples.BED_STEP_HOURS)
        all_found.append(found)
        where = f"{load}, {THREADS} threads; synthetic census of {number} units, {days} days hourly, "
        where += f"{len(HORIZONS_HOURS[1])} horizons, {found['rows']:,.0f} rows"
        whole = number >= 100 and days >= 730
        seconds, gb = found["seconds"], found["bytes"] / 1e9
        target = (f"under {MOST_TRAIN_SECONDS}", f"under {MOST_TRAIN_GB:g}") if whole else (None, None)
        fast, small = (seconds < MOST_TRAIN_SECONDS, gb < MOST_TRAIN_GB) if whole else (None, None)
        name = f"bed demand, {number} units"
        out += [
            Figure(f"{name}: time", "s", target[0], round(seconds, 1), fast, where),
            Figure(f"{name}: processor time", "s", None, round(found["processor_seconds"], 1), None, where),
            Figure(f"{name}: most memory", "GB", target[1], round(gb, 2), small, where),
        ]
    if len(all_found) > 1:
        sizes = f"{conditions()}; least-squares slope of logarithms over {units} units, {days} days"
        for name, key in (("processor time", "processor_seconds"), ("memory", "bytes")):
            slope = _growth([f["rows"] for f in all_found], [f[key] for f in all_found])
            figure = f"bed demand: {name} grows as rows to the power"
            out.append(Figure(figure, "", "at most 1", round(slope, 3), slope <= 1, sizes))
    return out


def _growth(rows: list[float], cost: list[float]) -> float:
    return float(np.polyfit(np.log(rows), np.log(cost), 1)[0])


def _sampling(folder: Path, units: int, days: int) -> list[Figure]:
    here = folder / "census-sampled"
    write_census(here, units, days, seed=SEED)
    step = samples.BED_STEP_HOURS
    (sampled, load), (every, _) = (_apart("train", here, hours, "test") for hours in (step, 1))
    loss = (sampled["error"] / every["error"] - 1) * 100
    where = (
        f"{load}; synthetic census of {units} units, {days} days hourly; {sampled['rows']:,.0f} rows against "
        f"{every['rows']:,.0f}; mean absolute error of the median on the same {every['judged']:,.0f} rows of the "
        f"last {_TEST_DAYS} days, every {_TEST_STEP_HOURS} hours"
    )
    target = f"under {MOST_LOSS_PERCENT:g}"
    return [
        Figure(
            f"error, a prediction time every {step} hours",
            "beds",
            None,
            round(sampled["error"], 4),
            None,
            where,
        ),
        Figure("error, every hour", "beds", None, round(every["error"], 4), None, where),
        Figure("loss by sampling", "%", target, round(loss, 3), loss < MOST_LOSS_PERCENT, where),
    ]


def _kept(made: dict[str, list[Figure]]) -> list[Figure]:
    """The figures of all parts: those just made, and of the other parts those written before."""
    path, old = FOLDER / "train.json", list[Figure]()
    if path.exists() and len(made) < len(_PARTS):
        old = [Figure(**figure) for figure in json.loads(path.read_text())]
    parts = {part: made.get(part) or [f for f in old if _part(f.figure) == part] for part in _PARTS}
    answers = [f for f in published("train") if _part(f.figure) == "answer"]  # measured elsewhere
    return [figure for part in _PARTS for figure in parts[part]] + answers


def _part(figure: str) -> str:
    """Which part made a figure; what an answer costs is measured by `benchmarks.unchanged.answer_time`."""
    for part in ("import", "answer"):
        if figure.removeprefix("an ").startswith(part):
            return part
    return "curve" if figure.startswith("bed demand") else "sampling"


def _child(arguments: list[str]) -> dict[str, Any]:
    if arguments[0] == "import":
        return import_visits(Path(arguments[1]))
    return train(Path(arguments[1]), int(arguments[2]), "test" in arguments)


def main() -> int:
    """Runs the parts and publishes; 1: a target is missed."""
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(_child(sys.argv[2:])))
        return 0
    parser = argparse.ArgumentParser(prog="benchmarks.forecasts.training_cost")
    parser.add_argument("--visits", type=int, default=10_000_000)
    parser.add_argument("--units", default="12,25,50,100")
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--sampled-units", type=int, default=12)
    parser.add_argument("--only", choices=_PARTS)
    asked = parser.parse_args()
    made: dict[str, list[Figure]] = {}
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as name:
        folder = Path(name)
        if asked.only in (None, "import"):
            made["import"] = [
                figure
                for kind, received in (("parquet", True), ("csv", True), ("parquet", False))
                for figure in import_figures(folder, asked.visits, kind, received)
            ]
        if asked.only in (None, "curve"):
            made["curve"] = _curve(folder, [int(n) for n in asked.units.split(",")], asked.days)
        if asked.only in (None, "sampling"):
            made["sampling"] = _sampling(folder, asked.sampled_units, asked.days)
    figures = _kept(made)
    publish("train", figures)
    return 0 if all(figure.met is not False for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
