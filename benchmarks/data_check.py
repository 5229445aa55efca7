"""How often sound simulated hospitals have a pattern to look at, and what looking costs with the patterns and without.

python -m benchmarks.data_check [--hospitals 40] [--seed 500]
"""

import argparse
import tempfile
import time
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.profile.build import profile_of
from hospital.profile.current_rows import latest_tables
from hospital.profile.facts import Finding, Weight
from hospital.profile.patterns.findings import pattern_findings
from hospital.simulator import simulate, write
from hospital.times import instant

__all__ = ["main"]

_DAYS = (60, 75, 90, 90, 120, 150, 180, 240, 300, 365)
_SCALES = (0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0)
_MOST = 200
"""Days times the scale: a large hospital is looked at for months, a small one for a year."""
_KEY = b"a key of benchmarks, 32 bytes ok"
_NOW = instant(datetime(2030, 1, 1, tzinfo=ZoneInfo("UTC")))


def _hospital(number: int, seed: int) -> HospitalTables:
    """A sound hospital, of another length, size and time of the year for each number."""
    days, scale = _DAYS[number % len(_DAYS)], _SCALES[number * 3 % len(_SCALES)]
    start = date(2023, 1, 1) + timedelta(days=37 * number)
    tables = simulate(days, seed=seed + number, start=start, scale=scale if days * scale <= _MOST else 0.5)
    with tempfile.TemporaryDirectory() as folder:
        write(tables, Path(folder) / "data")
        return read_hospital(Path(folder) / "data", None, _KEY)


def _looked_at(findings: Iterable[Finding]) -> list[str]:
    """What a person should look at."""
    look = [f for f in findings if f.weight is Weight.LOOK]
    return [f"{f.table} {f.code} {f.column} {f.unit} {f.first}" for f in look]


def main() -> None:
    """Looks at hospital after hospital and prints what it finds, and the seconds of the processor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hospitals", type=int, default=40)
    parser.add_argument("--seed", type=int, default=500)
    options = parser.parse_args()
    alarms, whole, patterns = 0, 0.0, 0.0
    for number in range(options.hospitals):
        hospital = _hospital(number, options.seed)
        started = time.process_time()
        profile_of(hospital, source=str(number), now=_NOW)
        whole += time.process_time() - started
        latest = latest_tables(hospital)
        started = time.process_time()
        found = _looked_at(pattern_findings(hospital, latest, _NOW))
        patterns += time.process_time() - started
        alarms += bool(found)
        print(
            f"{number}: {len(hospital.tables['visits'])} rows of visits; {'; '.join(found) or 'nothing'}",
            flush=True,
        )
    print(
        f"{alarms} of {options.hospitals} with a pattern to look at; {whole:.1f} s, of which patterns {patterns:.1f} s"
    )


if __name__ == "__main__":
    main()
