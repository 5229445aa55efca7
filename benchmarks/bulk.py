"""A million rows explained into a file: how long, and how much memory at the worst moment?

The rows of a simulated hospital, again and again until there are a million: their features are computed anew each
time, as if the hospital's history were that long. Memory is the largest resident set of the process that explains,
tables included (VmHWM); parts and file lie where temporary files do.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.results import Figure, conditions, publish
from hospital.ingest.hospital_reader import read_hospital
from hospital.simulator import simulate, write
from registry.bulk.parquet import Layout, Subject
from registry.bulk.resume import claimed
from registry.bulk.rows import Chunk, Chunks, chunks_of
from registry.bulk.run import CHUNK_ROWS, write_chunks
from registry.model.forecast_model import ForecastModel
from registry.package.manifest import MODELS, package_digest

ROWS, DAYS, SEED = 1_000_000, 490, 1
MOST_GB = 1.0
_KEY = b"benchmark"


class Repeated:
    """The chunks of a hospital, a number of times."""

    def __init__(self, chunks: Chunks, times: int) -> None:
        self._chunks, self._times = chunks, times

    def __len__(self) -> int:
        return len(self._chunks) * self._times

    def chunk(self, number: int) -> Chunk:
        """The hospital's own chunk of that number, counted round."""
        return self._chunks.chunk(number % len(self._chunks))


def explain(folder: Path, name: str, times: int) -> dict[str, Any]:
    """Explains a hospital's rows this many times over, in this process; returns rows, seconds and bytes."""
    started = time.monotonic()
    model = ForecastModel(folder / name)
    cells = {(u.group, h) for u in model.manifest.units for h in model.manifest.horizons_hours}
    scope = frozenset(cells | {("ED", 0.0)})
    subject = Subject(name, "1", package_digest(folder / name), folder / name, scope)
    chunks = chunks_of(model, read_hospital(folder / "data", None, _KEY), scope, CHUNK_ROWS)
    out = folder / f"{name}.parquet"
    with claimed(out) as parts:
        rows, _ = write_chunks(
            parts,
            Repeated(chunks, times),
            model,
            Layout(model, subject, "en"),
            {"benchmark": name},
            progress=lambda *_: None,
            tell=print,
        )
    seconds = time.monotonic() - started
    return {
        "rows": rows,
        "seconds": seconds,
        "processor_seconds": time.process_time(),
        "bytes": _most_bytes(),
        "file": out.stat().st_size,
    }


def _most_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def prepare(folder: Path) -> dict[str, int]:
    """A simulated hospital and a package of each model; returns how often each one's rows make a million."""
    from training.packages.package_request import Request
    from training.train import build_package

    write(simulate(DAYS, seed=SEED), folder / "data")
    tables, times = read_hospital(folder / "data", None, _KEY), {}
    for name in MODELS:
        prepared = build_package(Request(name, threads=2), tables, folder / name, lambda *_: None).prepared
        times[name] = -(-ROWS // prepared.prediction_time.size)
    return times


def main() -> int:
    """Explains a million rows of each model, each in a process of its own, and publishes; 1: a target is missed."""
    if len(sys.argv) == 4:
        print(json.dumps(explain(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
        return 0
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        for name, times in prepare(Path(folder)).items():
            load = os.getloadavg()[0]
            command = [sys.executable, "-m", "benchmarks.bulk", folder, name, str(times)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            figures += _figures(name, json.loads(done.stdout.splitlines()[-1]), load)
    publish("bulk", figures)
    return 0 if all(figure.met is not False for figure in figures) else 1


def _figures(name: str, found: dict[str, Any], load: float) -> list[Figure]:
    rows, seconds, gb = found["rows"], found["seconds"], found["bytes"] / 1e9
    where = f"{conditions()}, load {load:.1f} before; {rows:,} rows of a simulated hospital of {DAYS} days, repeated"
    return [
        Figure(f"{name}: time", "s", None, round(seconds, 1), None, where),
        Figure(
            f"{name}: processor time, all threads",
            "s",
            None,
            round(found["processor_seconds"], 1),
            None,
            where,
        ),
        Figure(f"{name}: rows a second", "1/s", None, round(rows / seconds), None, where),
        Figure(
            f"{name}: most memory at one time", "GB", f"under {MOST_GB:g}", round(gb, 2), gb < MOST_GB, where
        ),
        Figure(f"{name}: size of the file", "MB", None, round(found["file"] / 1e6), None, where),
    ]


if __name__ == "__main__":
    sys.exit(main())
