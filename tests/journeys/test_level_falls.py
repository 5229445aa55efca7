"""A unit that loses more than half of its patients for good: its answers are degraded until its intervals hold."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.ingest.hospital_reader import read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.times import DAY, instant
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import ForecastModel
from registry.model.scope_fallback import Answered, answer
from registry.model.scoring import prepare
from registry.model.trust_limits import trust_status, warnings_of
from training.packages.package_request import Request
from training.train import build_package

DAYS = 820
FALL = pd.Timestamp("2023-12-20", tz="Europe/Paris")
MAPPING = """
[mapping]
name = "level fall"
zone = "Europe/Paris"

[tables.census]
file = "census.csv"

[tables.census.columns]
unit = "unit"
at = "date"
occupied = "occupied"
"""


def census() -> pd.DataFrame:
    """Three units by day about a level each; one falls from 160 to 70 beds on the day FALL."""
    rng, days = np.random.default_rng(11), pd.date_range("2022-01-01", periods=DAYS)
    parts = []
    for unit, level in (("U0", 160.0), ("U1", 60.0), ("U2", 90.0)):
        swing = np.zeros(DAYS)
        for i in range(1, DAYS):
            swing[i] = 0.8 * swing[i - 1] + 3 * rng.normal()
        usual = np.full(DAYS, level)
        if unit == "U0":
            usual[days >= FALL.tz_localize(None)] = 70.0
        beds = np.round(usual + swing - 3 * (days.day_of_week >= 5)).astype(int)
        parts.append(pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "unit": unit, "occupied": beds}))
    return pd.concat(parts)


@pytest.fixture(scope="module")
def model_and_rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[ForecastModel, PreparedBeds]:
    """The model of these days, and all its rows."""
    home = tmp_path_factory.mktemp("level")
    census().to_csv(home / "census.csv", index=False)
    Path(home / "mapping.toml").write_text(MAPPING, "utf-8")
    tables = read_hospital(home, load_mapping(home / "mapping.toml"), b"one key")
    build_package(Request("bed-demand", (24.0, 168.0)), tables, home / "package", lambda *_: None)
    model = ForecastModel(home / "package")
    prepared = prepare(model, tables)
    assert isinstance(prepared, PreparedBeds)
    return model, prepared


def answered(model: ForecastModel, rows: PreparedBeds) -> Answered:
    """What would have been answered then, by the model everywhere."""
    return answer(model, rows.rows(model.beds_or_raise), np.ones(rows.outcome.size, bool))


def of_unit(rows: PreparedBeds, unit: str, hours: float, since: float, until: float) -> PreparedBeds:
    """Rows of a unit and horizon between days after the fall."""
    number = [u.unit for u in rows.events.units].index(unit)
    query, days = rows.samples.query, (rows.prediction_time - instant(FALL.to_pydatetime())) / DAY
    where = (query.unit == number) & (query.horizon_hours == hours) & (days >= since) & (days < until)
    assert where.any()
    return rows.part(where)


def inside(found: Answered, rows: PreparedBeds) -> Array:
    """Whether outcomes lie between p10 and p90."""
    p10, p90 = (found.quantiles[:, LEVELS.index(level)] for level in (0.1, 0.9))
    return (rows.outcome >= p10) & (rows.outcome <= p90)


@pytest.mark.parametrize("hours", [24.0, 168.0])
def test_answers_are_degraded_until_intervals_hold_again(
    model_and_rows: tuple[ForecastModel, PreparedBeds], hours: float
) -> None:
    """Degraded as soon as the misses are settled, in words; not before, not for the other units, and not for ever."""
    model, rows = model_and_rows
    after = of_unit(
        rows, "U0", hours, 2, 12
    )  # a daily census is settled two days after the day that was forecast
    found = answered(model, after)
    assert found.unheld.mean() >= 0.5
    unwarned = of_unit(rows, "U0", hours, 7, 60)
    relied = answered(model, unwarned)
    assert inside(relied, unwarned)[~relied.unheld].mean() >= 0.77
    words = {
        language: warnings_of(
            model.features,
            (),
            (),
            inside=True,
            stale=False,
            unheld=bool(found.unheld.any()),
            language=language,
        )
        for language in ("fr", "en")
    }
    assert "trop de ses derniers résultats" in words["fr"][0]
    assert "too many of its recent outcomes" in words["en"][0]
    assert trust_status(words["fr"], inside=True, stale=False) == "degraded"
    before = of_unit(rows, "U0", hours, -60, 0)
    assert answered(model, before).unheld.mean() <= 0.1
    for unit in ("U1", "U2"):
        assert answered(model, of_unit(rows, unit, hours, 0, 30)).unheld.mean() <= 0.2
    assert answered(model, of_unit(rows, "U0", hours, 48, 90)).unheld.mean() <= 0.1
