"""Beds needed by unit as an even series of hours or days, which is what methods of time series ask for."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.anchors.forecast_files import Forecasts
from hospital.arrays import Array
from hospital.features.demand import TrueDemand
from hospital.ingest.event_columns import columns_of, events_of
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import DAY, HOUR

__all__ = ["BedSeries", "Places", "places", "series_of"]


@dataclass(frozen=True)
class BedSeries:
    """Every unit's demand.

    Attributes:
        units: names.
        times: int64 [steps], instants, one an hour or a day.
        beds: float64 [units, steps], NaN where unknown, as all is known in the end: an expert takes the final table,
            where Vigie is asked with what had been received.
        covariates: float64 [units, steps] by name.
        step_hours: 1 or 24.
        zone: of the hospital.
    """

    units: tuple[str, ...]
    times: Array
    beds: Array
    covariates: dict[str, Array]
    step_hours: int
    zone: ZoneInfo

    @property
    def steps_of_day(self) -> int:
        """Steps in a day."""
        return 24 // self.step_hours


@dataclass(frozen=True)
class Places:
    """Where judged rows lie in a series: unit, step of the forecast, steps ahead (int64 [n] each)."""

    unit: Array
    origin: Array
    ahead: Array


def series_of(tables: HospitalTables) -> BedSeries:
    """The series of a hospital's tables."""
    events, zone = events_of(tables), tables.zone
    covariates: dict[str, Array] = {}
    units = tuple(u.unit for u in events.units)
    if events.cadence_hours >= 24:
        census = tables.tables["census"]
        times = np.unique(columns_of(census, "census")["at"])
        for name in tables.covariates:
            wide = census.pivot_table(index="unit", columns="at", values=name, aggfunc="last")
            covariates[name] = wide.reindex(index=list(units)).to_numpy(np.float64)
    else:
        last = max(v.known_from.max() for n, v in events.tables.items() if n in ("stays", "visits", "census"))
        times = np.arange(-(-events.history_from // HOUR) * HOUR, last, HOUR, dtype=np.int64)
    truth = TrueDemand(events)
    beds = np.stack([truth.at(unit, times) for unit in range(len(units))])
    return BedSeries(units, times, beds, covariates, 24 if events.cadence_hours >= 24 else 1, zone)


def places(series: BedSeries, rows: Forecasts) -> Places:
    """Where the rows lie.

    Raises:
        ValueError: the series does not have a row's outcome: it would be judged on something else.
    """
    half = series.step_hours * HOUR // 2
    target = rows.time + (rows.horizon_hours * HOUR).astype(np.int64)
    step = np.searchsorted(series.times, target + half - 1, "right") - 1  # the nearest, as outcomes are read
    unit = np.array([series.units.index(u) for u in rows.unit.tolist()], np.int64)
    ahead = np.round(rows.horizon_hours / series.step_hours).astype(np.int64)
    if not np.array_equal(series.beds[unit, step], rows.outcome):
        raise ValueError("the series and the judged rows have other outcomes")
    if (series.times[step - ahead] > rows.time + DAY // 2).any():
        raise ValueError("the series would be read later than the forecast was made")
    return Places(unit, step - ahead, ahead)
