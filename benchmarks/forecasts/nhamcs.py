"""Adapter of the NHAMCS emergency visits (USA, 2016-2019) to the protocol of evidence; statistics only.

The survey has no dates and a sample of each hospital's visits: no queue can be computed, and none is invented. It goes
in where a model's figures are judged: rows with features, forecasts, baselines and outcomes. A block of dependent rows,
a day elsewhere, is a hospital of a year here.
"""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from explain import TreeEngine
from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS, weighted_quantiles
from hospital.features.feature import Feature
from hospital.holidays.place import Place
from hospital.times import DAY
from registry.components.interval_trees import QuantileTrees, by_level, of_side
from registry.evidence.records import ContractFacts, DailyInput, Evidence, ExplanationFacts, Scored
from registry.facts.daily_series import InputRows, error_series, input_series
from registry.model.forecast_model import MEDIAN
from registry.model.scoring import AGE_BANDS
from training.packages.interval_ends import fit_interval_ends
from training.trees import fit_median

__all__ = ["FILE", "Survey", "evidence_of", "read_survey"]

FILE = "nhamcs_ed_visits_2016_2019.parquet"
JUDGED = 2019
_VISIT = (
    "VMONTH",
    "VDAYR",
    "AGE",
    "IMMEDR",
    "PAINSCALE",
    "TEMPF",
    "PULSE",
    "RESPR",
    "BPSYS",
    "BPDIAS",
    "POPCT",
    "RFV1",
    "ARREMS",
    "SEEN72",
    "TOTCHRON",
)
"""Known at arrival or triage; sex and origin are for judging and never features."""
_AUDIT = {
    "sex": ("SEX", {1: "F", 2: "M"}),
    "origin": ("RACERETH", {1: "white", 2: "black", 3: "Hispanic", 4: "other"}),
    "age_band": ("AGE", {a: next(n for upper, n in AGE_BANDS if a < upper) for a in range(120)}),
}
_CALIBRATE, _SCOPE = 8, 9  # of ten groups of hospitals of 2016-2018; the others are fitted to


@dataclass(frozen=True)
class Survey:
    """The later half of each hospital's visits of a year; the earlier half is told as its recent waits.

    Attributes:
        X: float32 [n, features] of the visit. recent: float64 [n, 3] minutes, median, mean and 90th percentile of
        the hospital's earlier half. wait: float64 [n] minutes. year, hospital: int64 [n]. hour: int64 [n], -1 unknown.
        audit: object [n] by attribute, None where unknown: judged by, and never a feature.
    """

    X: Array
    recent: Array
    wait: Array
    year: Array
    hospital: Array
    hour: Array
    audit: dict[str, Array]


def read_survey(folder: Path, drawn: int | None = None) -> Survey:
    """Reads the file of the folder that ``VIGIE_REAL_DATA`` names.

    Args:
        drawn: a seed by which the half that is told is drawn; None: the earlier half.
    """
    frame = pd.read_parquet(folder / FILE)
    frame = frame[pd.to_numeric(frame["WAITTIME"], errors="coerce") >= 0].reset_index(drop=True)
    hours = pd.to_numeric(frame["ARRTIME"], errors="coerce")
    visit = frame[list(_VISIT)].apply(pd.to_numeric, errors="coerce")
    visit = visit.where(visit >= 0).assign(hour=np.where(hours >= 0, hours // 100 + hours % 100 / 60, np.nan))
    wait = frame["WAITTIME"].astype(float).to_numpy()
    key = frame["YEAR"].astype(int) * 10_000 + frame["HOSPCODE"].astype(int)
    _, hospital = np.unique(key, return_inverse=True)
    # By month, then as the file has them: the finest order of time that the survey tells.
    order = np.lexsort((np.arange(len(frame)), visit["VMONTH"].fillna(0), hospital))
    if drawn is not None:
        order = np.lexsort((np.random.default_rng(drawn).permutation(len(frame)), hospital))
    recent, later = np.full((len(frame), 3), np.nan), np.zeros(len(frame), bool)
    for mine in np.split(order, np.flatnonzero(np.diff(hospital[order])) + 1):
        half = mine.size // 2
        if half:
            told = wait[mine[:half]]
            recent[mine] = np.median(told), told.mean(), np.quantile(told, 0.9)
            later[mine[half:]] = True
    return Survey(
        visit.to_numpy(np.float32)[later],
        recent[later],
        wait[later],
        frame["YEAR"].astype(int).to_numpy()[later],
        np.asarray(hospital[later], np.int64),
        np.where(hours >= 0, hours // 100, -1).astype(np.int64)[later],
        {name: _names(frame[column], words)[later] for name, (column, words) in _AUDIT.items()},
    )


def _names(codes: "pd.Series[str]", words: dict[int, str]) -> Array:
    """Words of codes: object [n], None for a code without one."""
    out = np.empty(len(codes), object)
    out[:] = [words.get(int(code)) for code in pd.to_numeric(codes, errors="coerce").fillna(-9)]
    return out


def evidence_of(survey: Survey, *, recent_waits: bool, seed: int = 1) -> Evidence:
    """Evidence of a wait-time model trained on 2016-2018 and judged on 2019.

    Args:
        recent_waits: whether the hospital's own recent waits are told; else the visit's columns alone.
    """
    past, group = survey.year < JUDGED, survey.hospital % 10
    fit = past & (group < _CALIBRATE)
    constant = float(np.median(survey.wait[fit]))
    X = np.column_stack([survey.X, survey.recent]).astype(np.float32) if recent_waits else survey.X
    # As bed demand does: from the best baseline, in units of a known scale.
    offset = survey.recent[:, 0] if recent_waits else np.full(survey.wait.size, constant)
    y = (survey.wait - offset) / constant
    # As waits are trained: fitted, calibrated on hospitals not fitted to, and fitted again on both to be served.
    calibrate = past & (group == _CALIBRATE)
    middle, widths = _fitted(X, y, fit, seed)
    left = (y - middle)[calibrate]
    z = weighted_quantiles(left / of_side(widths[calibrate], left), np.ones(left.size))
    z = np.where(np.array(LEVELS) < 0.5, np.minimum(z, 0.0), np.maximum(z, 0.0))
    z[MEDIAN] = 0.0
    middle, widths = _fitted(X, y, fit | calibrate, seed)
    quantiles = np.maximum(offset[:, None] + constant * (middle[:, None] + by_level(widths) * z), 0.0)
    baselines = {"constant": np.full(survey.wait.size, constant)}
    if recent_waits:
        baselines["recent_median"] = survey.recent[:, 0]
    every = _scored(survey, quantiles, baselines)
    test = every.part(~past)
    return Evidence(
        model="wait-time",
        version="nhamcs",
        kind="model",
        package_digest="sha256:" + "0" * 64,
        validation=every.part(past & (group == _SCOPE)),
        test=test,
        current=None,
        current_version=None,
        current_expected=False,
        inputs=_series(survey, X, every),
        contract=ContractFacts(0, 0, 0, 0, 0, 0, 0, True, 0, test.size),
        explanation=ExplanationFacts(0, 0, 0, 0.0, 0.0, 0.0),
        history_days=0.0,
    )


def _fitted(X: Array, y: Array, mine: Array, seed: int) -> tuple[Array, Array]:
    """Median (float64 [n]) and widths (float64 [n, 2]) of all rows, in units of the scale, by trees of some of them."""
    one = np.ones(int(mine.sum()))
    median = TreeEngine.load(fit_median(X[mine], y[mine], one, seed=seed, progress=lambda: None))
    ends = fit_interval_ends(X[mine], y[mine], one, seed=seed, progress=lambda: None)
    middle = median.predict_exactly(X)
    return middle, QuantileTrees(*(TreeEngine.load(end) for end in ends.values())).widths(X, middle)


def _series(survey: Survey, X: Array, every: Scored) -> tuple[DailyInput, ...]:
    """Daily series of the drift gate, where a day is a hospital of a year: those of 2019 against those before.

    The errors of before are those of hospitals that no tree was fitted to.
    """
    at, place = survey.hospital * DAY, Place(ZoneInfo("UTC"))
    test_start = int(at[survey.year >= JUDGED].min())
    names = [*_VISIT, "hour", "recent_median", "recent_mean", "recent_p90"][: X.shape[1]]
    features = tuple(Feature(n, "crowding", n, n) for n in names)
    unfitted = (survey.year >= JUDGED) | (survey.hospital % 10 >= _CALIBRATE)
    return (
        *input_series(InputRows(at, X.astype(np.float64), features, counted=False), test_start, place, ()),
        *error_series(every.part(unfitted), test_start, place, ()),
    )


def _scored(survey: Survey, quantiles: Array, baselines: dict[str, Array]) -> Scored:
    n = survey.wait.size
    blocks = survey.hospital * DAY  # a number of the hospital and year: no date
    one, names = np.full(n, "", object), np.empty(n, object)
    one[:], names[:] = "ED", [f"v{i}" for i in range(n)]
    return Scored(
        row_id=names,
        prediction_time=blocks,
        target_time=blocks,
        horizon_hours=np.zeros(n),
        unit_group=one,
        site=one,
        local_hour=np.maximum(survey.hour, 0),
        outcome=survey.wait,
        censored=np.zeros(n, bool),
        waited=survey.wait,
        weight=np.ones(n),
        quantiles=quantiles,
        baselines=baselines,
        audit=survey.audit,
        counts=False,
    )


def pinball(forecast: Array, outcome: Array, level: float) -> float:
    """Mean pinball loss of a quantile (minutes)."""
    over = outcome - forecast
    return float(np.mean(np.maximum(level * over, (level - 1) * over)))


P90 = LEVELS.index(0.9)
