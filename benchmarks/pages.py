"""`make bench-pages`: server time of the pages with 100 units and real forecasts, in one process, through the gate.

A package of bed demand is trained once on a census of 100 simulated wards, with Vigie's own hyperparameters, and kept
in `.bench/pages`. Of each page the first request, for which forecasts are made, explained and recorded; the median and
the worst of 20 that renew themselves while nothing came; and Pilotage after each of ten new censuses, for which
forecasts are made anew.
"""

import shutil
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.results import Figure, conditions, publish
from hospital.features.lookback import lookback_days
from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.times import DAY, MINUTE, instant, moment
from registry.model.forecast_model import ForecastModel
from registry.record.database import writing
from registry.settings import Settings
from serving.forecasting.forecaster import make_forecaster
from serving.gateway.service_parts import Parts
from serving.http.workers import Workers
from serving.messages.forecast_protocol import LoadedModel, ServedUnit
from serving.releases.releases_in_use import Releases
from serving.state.history_import import rows_since
from serving.state.observations import import_rows
from tests.support.level_policies import POLICY
from tests.support.serving_fakes import BED_HOURS, PROVEN, FakeReleases, InProcess, make_parts
from training.packages.package_request import Request
from training.train import build_package

UNITS, DAYS, REPEATS, CENSUSES, GOAL_MS = 100, 200, 20, 10, 200
FOLDER = Path(".bench") / "pages"
START = pd.Timestamp("2024-01-08T00:00", tz="Europe/Paris")
EVERY_HOURS = 1
PAGES = {
    "pilotage": "/pilotage?language=fr&renewed=1",
    "unit": "/pilotage/unit?language=fr&unit=V50&renewed=1",
    "practice": "/practice?language=fr&renewed=1",
    "decide": "/decide?language=fr",
    "history": "/history?language=fr",
    "start": "/?language=fr&renewed=1",
}


def main() -> None:
    """Measures, and writes the result; the first argument says what else ran on the machine."""
    note = f"; {sys.argv[1]}" if len(sys.argv) > 1 else ""
    words = (
        f"{conditions()}{note}; {UNITS} wards, an hourly census over {DAYS} days; "
        f"a real package, horizons of {', '.join(f'{h:.0f}' for h in BED_HOURS)} h"
    )
    tables, release = hospital()
    with tempfile.TemporaryDirectory() as folder:
        parts, tokens = service(Path(folder), tables, release)
        client, headers = InProcess(parts), {"authorization": f"Bearer {tokens['operator']}"}
        first = _milliseconds(client, PAGES["pilotage"].replace("&renewed=1", ""), headers)
        times = {
            name: [_milliseconds(client, path, headers) for _ in range(REPEATS)]
            for name, path in PAGES.items()
        }
        news = [_after_news(parts, client, headers) for _ in range(CENSUSES)]
    figures = [Figure("pilotage, the first request", "ms", None, first, None, words)]
    for name, taken in times.items():
        median = round(statistics.median(taken), 1)
        met = median <= GOAL_MS
        figures.append(Figure(f"{name}, median of {REPEATS}", "ms", f"at most {GOAL_MS}", median, met, words))
        figures.append(Figure(f"{name}, worst of {REPEATS}", "ms", None, max(taken), None, words))
    median = round(statistics.median(news), 1)
    figures.append(
        Figure(f"pilotage after a new census, median of {CENSUSES}", "ms", None, median, None, words)
    )
    publish("pages", figures)


def hospital() -> tuple[HospitalTables, LoadedModel]:
    """The tables, and a release that may speak for every ward; the package is trained once."""
    data, package = FOLDER / "data", FOLDER / "package"
    data.mkdir(parents=True, exist_ok=True)
    if not (data / "census.parquet").exists():
        census().to_parquet(data / "census.part")
        (data / "census.part").rename(data / "census.parquet")
    tables = read_hospital(data, None, b"k" * 32)
    if not package.exists():
        building = FOLDER / "building"
        shutil.rmtree(building, ignore_errors=True)
        build_package(Request("bed-demand", BED_HOURS), tables, building, lambda *_: None)
        building.rename(package)
    engine = ForecastModel(package)
    units = tuple(ServedUnit(u.unit, u.label, u.group) for u in engine.manifest.units)
    scope = frozenset((u.group, h) for u in units for h in BED_HOURS)
    return tables, LoadedModel(
        "bed-demand", "1", engine.digest, 1, 0, scope, units, BED_HOURS, judged=PROVEN, engine=engine
    )


def census() -> pd.DataFrame:
    """Wards that fill and empty with the hour, the week and one another; as it was received minutes later."""
    rng = np.random.default_rng(20)
    steps = DAYS * 24 // EVERY_HOURS
    at = pd.date_range(START, periods=steps, freq=f"{EVERY_HOURS}h")
    together = np.zeros(steps)
    for n in range(1, steps):
        together[n] = 0.97 * together[n - 1] + 0.3 * rng.normal()
    wards = []
    for n in range(UNITS):
        own = np.zeros(steps)
        for k in range(1, steps):
            own[k] = 0.9 * own[k - 1] + 0.6 * rng.normal()
        staffed = 18 + n % 20 + 2 * (at.day_of_year // 9 % 2)
        week = np.where(at.day_of_week < 5, 1.0, -2.0) + np.where((at.hour > 8) & (at.hour < 17), 1.0, -0.5)
        occupied = np.clip(np.round(0.92 * staffed + week + together + own), 0, None)
        wards.append(
            pd.DataFrame({"unit": f"V{n}", "at": at, "occupied": occupied, "staffed": staffed.astype(float)})
        )
    made = pd.concat(wards, ignore_index=True)
    return made.assign(received_at=made["at"] + pd.Timedelta(minutes=10))


def service(home: Path, tables: HospitalTables, release: LoadedModel) -> tuple[Parts, dict[str, str]]:
    """A service in this process that has received the last weeks, at their end, and its tokens by role."""
    end = instant(tables.tables["census"]["at"].max().to_pydatetime()) + 20 * MINUTE
    parts, tokens = make_parts(home)
    (home / "levels.toml").write_text(POLICY, "utf-8")
    parts.releases = Releases(FakeReleases({"bed-demand": release, "wait-time": None}))
    parts.forecaster = make_forecaster(Settings(home=home))
    parts.workers = Workers(threads=2, seconds=300.0)  # what is too slow is measured, and not cut off
    parts.clock.instant = end  # type: ignore[attr-defined]
    with writing(parts.engine) as connection:
        for name, frame in tables.tables.items():
            since = end - (lookback_days(name) + 10) * DAY
            import_rows(connection, name, rows_since(name, columns_of(frame, name), since))
    return parts, dict(tokens)


def _after_news(parts: Parts, client: InProcess, headers: dict[str, str]) -> float:
    """Pilotage for whoever asks after all wards have sent a new census."""
    parts.clock.instant += 5 * MINUTE  # type: ignore[attr-defined]
    at = moment(parts.clock.now()) - timedelta(minutes=1)
    rows = [
        {"unit": f"V{n}", "at": at.isoformat(), "occupied": 18 + n % 20, "staffed": 20 + n % 20}
        for n in range(UNITS)
    ]
    sent = client.request("POST", "/v1/observations", json={"census": rows}, headers=headers)
    assert sent.status_code == 200, sent.text
    return _milliseconds(client, PAGES["pilotage"].replace("&renewed=1", ""), headers)


def _milliseconds(client: InProcess, path: str, headers: dict[str, str]) -> float:
    begun = time.perf_counter()
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return round((time.perf_counter() - begun) * 1000, 1)


if __name__ == "__main__":
    main()
