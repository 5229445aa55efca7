"""A release of three wards' daily census, and a service on it: the smallest hospital that a real model answers for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hospital.features.lookback import lookback_days
from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.times import DAY, instant
from registry.model.forecast_model import ForecastModel
from registry.record.database import writing
from registry.settings import Settings
from serving.forecasting.forecaster import make_forecaster
from serving.gateway.service_parts import Parts
from serving.messages.forecast_protocol import LoadedModel, ServedUnit
from serving.releases.releases_in_use import Releases
from serving.state.history_import import rows_since
from serving.state.observations import import_rows
from tests.support.serving_fakes import FakeReleases, InProcess, make_parts
from training.train import Request, build_package

__all__ = ["END", "HORIZONS", "UNITS", "WardService", "ward_census", "ward_release"]

HORIZONS = (24.0, 72.0)
UNITS = ("A", "B", "C")
DAYS = 300
START = pd.Timestamp("2024-01-08T00:00", tz="Europe/Paris")
END = instant((START + pd.Timedelta(days=DAYS - 1, hours=2)).to_pydatetime())
_KEY = b"k" * 32


def ward_census() -> pd.DataFrame:
    """A daily census whose weeks and levels move together; a ward with more staffed beds fills more of them.

    At its end the first ward has the fewest beds that it ever has, the second as many as usual, the third the most.
    """
    rng, rows = np.random.default_rng(11), []
    level = 0.0
    for day in range(DAYS):
        level = 0.8 * level + rng.normal()
        for place, unit in enumerate(UNITS):
            week = (2, 3, 3, 2, 1, -2, -3)[day % 7]
            staffed = 26 + 4 * place + 2 * ((day // 9 + place) % 3)
            occupied = max(0, round(0.93 * staffed + week + level + (1 + place) * rng.normal()))
            at = START + pd.DateOffset(days=day)
            rows.append({"unit": unit, "at": at, "occupied": occupied, "staffed": staffed})
    return pd.DataFrame(rows)


def _tables(folder: Path) -> HospitalTables:
    folder.mkdir(parents=True, exist_ok=True)
    census = ward_census()
    census.assign(received_at=census["at"] + pd.Timedelta(hours=1)).to_parquet(folder / "census.parquet")
    return read_hospital(folder, None, _KEY)


def ward_release(folder: Path) -> LoadedModel:
    """A release that may speak for every unit and horizon."""
    build_package(Request("bed-demand", HORIZONS), _tables(folder / "data"), folder / "p", lambda *_: None)
    engine = ForecastModel(folder / "p")
    units = tuple(ServedUnit(u.unit, u.label, u.group) for u in engine.manifest.units)
    scope = frozenset((u.group, h) for u in units for h in HORIZONS)
    return LoadedModel("bed-demand", "1", engine.digest, 1, 0, scope, units, HORIZONS, engine=engine)


@dataclass
class WardService:
    """The service in this process; `tokens` by role."""

    parts: Parts
    tokens: dict[str, str]
    client: InProcess

    @classmethod
    def of(cls, release: LoadedModel, home: Path) -> "WardService":
        """A service that has received the census, at its end."""
        parts, tokens = make_parts(home)
        parts.releases = Releases(FakeReleases({"bed-demand": release, "wait-time": None}))
        parts.forecaster = make_forecaster(Settings(home=home))
        parts.clock.instant = END  # type: ignore[attr-defined]
        with writing(parts.engine) as connection:
            for name, frame in _tables(home / "census").tables.items():
                since = END - (lookback_days(name) + 10) * DAY
                import_rows(connection, name, rows_since(name, columns_of(frame, name), since))
        return cls(parts, dict(tokens), InProcess(parts))

    def ask(
        self, path: str, body: dict[str, Any], status: int = 200, *, role: str = "application"
    ) -> dict[str, Any]:
        """What is answered to a POST."""
        headers = {"authorization": f"Bearer {self.tokens[role]}"}
        response = self.client.request("POST", path, json=body, headers=headers)
        assert response.status_code == status, response.text
        found: dict[str, Any] = response.json()
        return found

    def beds(self, units: str, hours: float = 24.0, **more: Any) -> dict[str, Any]:
        """The forecasts of some units (a letter each) at one horizon: their answer."""
        return self.ask("/v1/bed-demand", {"units": list(units), "horizons_hours": [hours], **more})
