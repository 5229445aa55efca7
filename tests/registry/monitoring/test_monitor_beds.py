"""`vigie monitor` on a released bed-demand model: quiet weeks, and a hospital that suddenly has more patients."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hospital.simulator import Shift
from registry.monitoring.alarms import last_run, standing
from registry.monitoring.run import run_monitoring
from registry.record import journal
from registry.record.database import opened_database
from registry.record.tables.record_tables import payloads
from registry.settings import Settings
from tests.support.installation import after
from tests.support.monitored_release import Released

START = date(2023, 9, 18)  # so that no ward closes for the summer before the end
CUT, SHIFTED, SEEN, DAYS = 230, 252, 282, 284


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """A small hospital whose arrivals double three weeks after the release's data end, and its wards fill up.

    Its model forecasts a day and a week ahead, the two horizons that these tests name.
    """
    root, shift = tmp_path_factory.mktemp("monitor-beds"), Shift(2.0, SHIFTED)
    return Released.make(
        root,
        "bed-demand",
        start=START,
        known_days=CUT,
        days=DAYS,
        shift=shift,
        seed=8,
        scale=0.3,
        horizons_hours=(24.0, 168.0),
    )


def _look(settings: Settings) -> Any:
    with opened_database(settings.database) as engine:
        return run_monitoring(settings, engine, "bed-demand", now=after(3))


def test_quiet_weeks_do_not_alarm_and_each_horizon_and_unit_group_is_reported(
    released: Released,
    database_url: str,
) -> None:
    """Three weeks after the data's end, before anything changed."""
    settings = released.monitored(database_url, SHIFTED - 1)
    found = _look(settings)
    assert found.raised == ()
    assert found.untested is None
    assert found.days >= 10
    with opened_database(settings.database) as engine, engine.connect() as connection:
        seen = last_run(connection, "bed-demand", 1)
    assert seen is not None
    told = {(f["family"], f["name"]) for f in seen.figures}
    families = {family for family, _ in told}
    assert {"inputs", "missing", "outcomes", "errors", "coverage", "fairness", "explanations"} <= families
    assert {"expected_error", "error_ratio"} <= families
    assert {("errors", "horizon=24h"), ("errors", "horizon=168h"), ("coverage", "horizon=24h")} <= told
    assert sum(family == "fairness" for family, _ in told) >= 3


def test_wards_that_fill_up_alarm_with_evidence_in_the_journal(released: Released, database_url: str) -> None:
    """The demand itself or what goes into a forecast is seen within a month; every alarm has its entry."""
    settings = released.monitored(database_url, SEEN)
    found = _look(settings)
    assert found.raised
    shifted = (START + timedelta(days=SHIFTED) - date(1970, 1, 1)).days
    assert all(a.day >= shifted for a in found.raised)
    assert {a.figure.family for a in found.raised} & {"inputs", "outcomes", "errors"}
    with opened_database(settings.database) as engine, engine.connect() as connection:
        entries = [e for e in journal.entries(connection) if e.action == "alarm"]
        assert {e.seq for e in entries} == {a.journal_seq for a in standing(connection, "bed-demand", 1)}
        kept = connection.execute(select(payloads.c.payload).where(payloads.c.seq == entries[0].seq))
        assert json.loads(kept.scalar_one())["threshold"] > 0
