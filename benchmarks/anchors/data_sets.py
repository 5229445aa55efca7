"""The data sets that methods are held against each other on, by name, and what each needs to be read."""

import os
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pandas as pd

from benchmarks.anchors.forecast_files import FOLDER
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.simulator import simulate, write

__all__ = ["ALL", "CHOOSING", "FINAL", "DataSet", "data_set", "real_data"]

DIVI = "divi_icu_beds_daily_2020_2025.parquet"
SWEDISH = "sem_synthetic_ed_visits_2017.parquet"
SEEDS = range(22_001, 22_006)
HALVES = range(1, 9)
DAYS = 490
FINAL_YEAR = 2024
_MAPPING = Path(__file__).resolve().parents[2] / "docs" / "mappings" / "divi.toml"
_KEY = b"benchmark"
_SWEDEN = ZoneInfo("Europe/Stockholm")
_SIMULATED = ZoneInfo("Europe/Paris")

Kind = Literal["beds", "waits", "survey"]


@dataclass(frozen=True)
class DataSet:
    """One data set.

    Attributes:
        name: as `DATA` names it, and the folder of its forecasts.
        kind: what is forecast: beds, waits, or waits of the survey, which has no dates.
        group: data sets that are also told together.
        judged_from, judged_until: instants between which forecasts are judged; None: the last fifth.
        number: seed of a simulated hospital or of a drawn half.
        final: kept back: looked at once, when everything is chosen.
    """

    name: str
    kind: Kind
    group: str
    judged_from: int | None = None
    judged_until: int | None = None
    number: int = 0
    final: bool = False

    @property
    def model(self) -> str:
        """Name of the model that forecasts it."""
        return "bed-demand" if self.kind == "beds" else "wait-time"

    @property
    def zone(self) -> ZoneInfo | None:
        """By whose clock its rows have an hour of the day; None: its counts are of whole days, or have no dates."""
        if self.group == "swedish":
            return _SWEDEN
        return _SIMULATED if self.group.startswith("hospital-") else None

    def tables(self) -> HospitalTables:
        """The hospital's tables; a simulated hospital is kept beside its forecasts."""
        if self.group == "divi":
            return read_hospital(real_data() / DIVI, load_mapping(_MAPPING), _KEY)
        if self.group == "swedish":
            return _swedish(real_data() / SWEDISH)
        folder = FOLDER / "hospitals" / f"{self.number}"
        if not (folder / "done").exists():
            write(simulate(DAYS, seed=self.number), folder)
            (folder / "done").touch()
        return read_hospital(folder, None, _KEY)


def real_data() -> Path:
    """The folder of the real data sets.

    Raises:
        SystemExit: it is not named.
    """
    folder = os.environ.get("VIGIE_REAL_DATA")
    if not folder:
        raise SystemExit("VIGIE_REAL_DATA is not set: name the folder of the real data sets")
    return Path(folder)


def _swedish(path: Path) -> HospitalTables:
    """Visits by the contract: forecast at triage, the wait counted from the arrival to the first contact.

    The records have no zone, and synthetic times lie in hours that the clock skipped: of a visit the arrival alone is
    read by the clock, and what follows comes as long after it as the records say.
    """
    frame = pd.read_parquet(path)
    begin = frame["arrival_at_hospital"]
    arrived = begin.dt.tz_localize(_SWEDEN, ambiguous=False, nonexistent="shift_forward")
    columns = {"arrived_at": arrived}
    for name, column in (("triaged_at", "arrival"), ("seen_at", "resolve"), ("left_at", "exit_ed")):
        columns[name] = arrived + (frame[column] - begin).dt.floor("s")
    visits = pd.DataFrame(columns).astype("datetime64[us, UTC]")
    visits["visit_id"] = [f"V{i}" for i in range(len(frame))]
    visits["department"] = frame["unit"].astype(object)
    visits["triage"] = frame["priority"].astype(object)
    visits["arrival_mode"] = frame["ambulance"].map({True: "ambulance", False: "other"}).astype(object)
    visits["reason"] = frame["chief_complaint"].astype(object)
    visits["age_years"] = frame["age_at_arrival"]
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as place:
        visits.to_parquet(Path(place) / "visits.parquet", index=False)
        return replace(read_hospital(Path(place), None, _KEY), zone=_SWEDEN)


def _divi(year: int) -> DataSet:
    begin, end = (
        int(datetime(y, 8, 22, tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1e6) for y in (year, year + 1)
    )
    return DataSet(f"divi-{year}", "beds", "divi", begin, end, final=year == FINAL_YEAR)


_FROM = int(datetime(2017, 11, 1, tzinfo=_SWEDEN).timestamp() * 1e6)
ALL: tuple[DataSet, ...] = (
    *(_divi(year) for year in range(2021, FINAL_YEAR + 1)),
    DataSet("swedish", "waits", "swedish", _FROM),
    *(DataSet(f"nhamcs-{half}", "survey", "nhamcs", number=half) for half in HALVES),
    *(DataSet(f"hospital-{s}-beds", "beds", "hospital-beds", number=s) for s in SEEDS),
    *(DataSet(f"hospital-{s}-waits", "waits", "hospital-waits", number=s) for s in SEEDS),
)
CHOOSING = tuple(d for d in ALL if not d.final)
FINAL = tuple(d for d in ALL if d.final)


def data_set(name: str) -> DataSet:
    """The data set of a name.

    Raises:
        SystemExit: there is none; with the names.
    """
    for one in ALL:
        if one.name == name:
            return one
    raise SystemExit(f"no data set is called {name}: {', '.join(d.name for d in ALL)}")
