"""What synthetic hospitals are drawn from, and the same figures measured on simulated and real data, side by side."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.results import Figure, conditions
from hospital.arrays import Array
from hospital.simulator import simulate
from tests.support.synthetic_evidence import Hospital

__all__ = ["RANGES", "drawn", "measured_ranges"]

RANGES = {
    "days": (540, 730),
    "visits": (130, 220),
    "memory": (0.3, 0.7),
    "missed": (0.05, 0.10),
    "noise": (0.55, 0.75),
    "tail": (6.0, 12.0),
    "week": (0.5, 1.5),
    "year": (0.5, 2.0),
    "women": (0.45, 0.55),
}
"""Lowest and highest of each property of a drawn hospital, uniform between; see `Hospital`."""


def drawn(rng: np.random.Generator) -> Hospital:
    """A sound hospital with properties from `RANGES`."""
    values: dict[str, float] = {name: float(rng.uniform(*ends)) for name, ends in RANGES.items()}
    days, visits = round(values.pop("days")), round(values.pop("visits"))
    return Hospital(days=days, visits=visits, **values)  # type: ignore[arg-type]


def measured_ranges() -> list[Figure]:
    """The ranges drawn from, and what the simulator and, where they are there, the real data sets show."""
    said = (
        "drawn: uniform between; simulated: seeds 1-2, 400 days; DIVI: 16 states, 2023 on; NHAMCS: all visits; "
        + conditions()
    )
    found = {f"drawn: {name}": ends for name, ends in RANGES.items()} | _simulated()
    folder = os.environ.get("VIGIE_REAL_DATA")
    if folder:
        found |= _divi(Path(folder)) | _nhamcs(Path(folder))
    return [
        Figure(f"{name}, {end}", "as in Hospital", None, round(value, 3), None, said)
        for name, ends in found.items()
        for end, value in zip(("lowest", "highest"), ends, strict=True)
    ]


def _span(values: list[float]) -> tuple[float, float]:
    return min(values), max(values)


def _memory(daily: Array) -> float:
    """Correlation of a day's residual, of week days and a yearly wave, with the day before."""
    left = _residuals(daily)
    return float(np.corrcoef(left[1:], left[:-1])[0, 1])


def _residuals(daily: Array) -> Array:
    day = np.arange(daily.size)
    angle = 2 * np.pi * day / 365.25
    X = np.column_stack([*(day % 7 == d for d in range(7)), np.cos(angle), np.sin(angle)]).astype(np.float64)
    return np.asarray(daily - X @ np.linalg.lstsq(X, daily, rcond=None)[0])


def _week(daily: Array) -> float:
    """Highest over lowest week day's mean, less 1, over that of the synthetic week at 1."""
    means = [daily[d::7].mean() for d in range(7)]
    return float((max(means) / min(means) - 1) / (1.13 / 0.93 - 1))


def _simulated() -> dict[str, tuple[float, float]]:
    memory, week, visits, noise, women = [], [], [], [], []
    for seed in (1, 2):
        table = simulate(400, seed=seed)["visits"]
        arrived = pd.to_datetime(table["arrived_at"], utc=True)
        daily = arrived.dt.floor("D").value_counts().sort_index().to_numpy(np.float64)[1:-1]
        wait = (pd.to_datetime(table["seen_at"], utc=True) - arrived).dt.total_seconds().to_numpy() / 60
        memory.append(_memory(daily))
        week.append(_week(daily))
        visits.append(float(daily.mean()))
        noise.append(_spread(wait, table["triage"].to_numpy()))
        women.append(float((table["sex"] == "F").mean()))
    return {
        "simulated: memory of daily arrivals": _span(memory),
        "simulated: week": _span(week),
        "simulated: visits": _span(visits),
        "simulated: noise (within a triage level)": _span(noise),
        "simulated: women": _span(women),
    }


def _spread(wait: Array, level: Array) -> float:
    """Standard deviation of log(wait + 10) within levels."""
    known = np.isfinite(wait) & (wait >= 0)
    value = pd.Series(np.log(wait[known] + 10))
    return float((value - value.groupby(level[known]).transform("mean")).std())


def _divi(folder: Path) -> dict[str, tuple[float, float]]:
    frame = pd.read_parquet(folder / "divi_icu_beds_daily_2020_2025.parquet")
    frame = frame[pd.to_datetime(frame["datum"]).dt.year >= 2023]
    daily = [
        g.sort_values("datum")["intensivbetten_belegt"].to_numpy(np.float64)
        for _, g in frame.groupby("bundesland_id")
    ]
    return {
        "DIVI: memory of a day's change of beds": _span([_memory(np.diff(d)) for d in daily]),
        "DIVI: memory of beds": _span([_memory(d) for d in daily]),
        "DIVI: week of beds": _span([_week(d) for d in daily]),
    }


def _nhamcs(folder: Path) -> dict[str, tuple[float, float]]:
    frame = pd.read_parquet(folder / "nhamcs_ed_visits_2016_2019.parquet")
    wait = pd.to_numeric(frame["WAITTIME"], errors="coerce").to_numpy(np.float64)
    frame, wait = frame[wait >= 0], wait[wait >= 0]
    key = (frame["YEAR"].astype(int) * 10_000 + frame["HOSPCODE"].astype(int)).to_numpy()
    hours = pd.to_numeric(frame["ARRTIME"], errors="coerce").to_numpy(np.float64) // 600
    residual = pd.Series(np.log(wait + 10))
    residual = residual - residual.groupby(key).transform("mean")
    women = frame.groupby("YEAR")["SEX"].agg(lambda s: float((s.astype(int) == 1).mean()))
    night = [float((hours[frame["YEAR"] == y] == 0).mean()) for y in sorted(frame["YEAR"].unique())]
    return {
        "NHAMCS: noise (within a hospital)": _span([_spread(wait, key)]),
        "NHAMCS: tail (degrees of freedom of the residuals' excess kurtosis)": _span(
            [_freedom(residual.to_numpy())]
        ),
        "NHAMCS: women": _span(list(women)),
        "NHAMCS: share of arrivals from midnight to six": _span(night),
    }


def _freedom(values: Array) -> float:
    """Degrees of freedom of the Student distribution of the same kurtosis; infinite without a tail."""
    excess = float(stats.kurtosis(values))
    return 4 + 6 / excess if excess > 0 else float("inf")
