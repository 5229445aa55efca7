"""Values and usual values of served answers are those that the tables hold, counted anew without the product's code."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.recomputed_beds import Beds
from tests.support.recomputed_record import CLOCK, DAY, HOUR, Tables, alike
from tests.support.recomputed_waits import NOBODY, RANKS, Patients, patients_of
from tests.support.small_demo import HORIZONS, Service, SmallDemo

_CLOCK_HOURS = ("hour", "target_hour")
_TEXTS = ("department", "arrival_mode", "reason")
_STEP = 5 * HOUR
_ASKED = (("MED-A", 4.0), ("REA-A", 24.0), ("CHI-A", 48.0), ("PED-A", 24.0))
_LEAST = 30


@dataclass(frozen=True)
class Answered:
    """A service, and the tables that it has."""

    service: Service
    tables: Tables
    home: Path

    def manifest(self, model: str) -> dict[str, Any]:
        """What the release in use says of its training."""
        path = next((self.home / "candidates" / model).rglob("manifest.json"))
        found: dict[str, Any] = json.loads(path.read_bytes())
        return found


@pytest.fixture(scope="module", params=["", "2024-07-07T12:20"], ids=["weekday night", "Sunday noon"])
def answered(
    request: pytest.FixtureRequest, small_demo: SmallDemo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answered]:
    """The small hospital where its data end, and as it was on a Sunday before: what came later is not there yet."""
    home = tmp_path_factory.mktemp("recomputed") / "home"
    demo = small_demo.copied(home)
    if request.param:
        until = int(pd.Timestamp(request.param, tz=CLOCK).timestamp() * 1e6)
        with contextlib.closing(sqlite3.connect(home / "vigie.db")) as database, database:
            database.execute("DELETE FROM observations WHERE received_at > ?", (until,))
        demo = replace(demo, end=until)
    service = demo.service()
    yield Answered(service, Tables.read(small_demo.settings.home.parent / "data"), home)
    service.close()


def _instant(said: str) -> int:
    return round(datetime.fromisoformat(said).timestamp() * 1e6)


def _said(at: int) -> str:
    return pd.Timestamp(at, unit="us", tz="UTC").isoformat()


def _mean(name: str, values: Any, now: Any) -> Any:
    """What is usual of some cases: the mean of those known, of hours that on the clock, of a text the most frequent."""
    if name in _TEXTS:
        texts, counts = np.unique([v for v in values if isinstance(v, str)], return_counts=True)
        return texts[counts.argmax()]
    known = values[~np.isnan(values)]
    if known.size < _LEAST:
        return None
    if name in _CLOCK_HOURS:  # those around midnight, not around noon
        return float((now + ((known - now + 12) % 24 - 12).mean()) % 24)
    return float(known.mean())


def _differs(name: str, said: Any, counted: Any) -> bool:
    if counted is None or (isinstance(counted, float) and np.isnan(counted)):
        return said is not None
    if isinstance(said, str) or said is None:
        return said != counted and RANKS.get(said, said) != counted
    least = 0.05 if name == "triage" else 2e-4  # a mean of levels has one decimal; seconds are whole
    return abs(said - counted) > least * max(1.0, abs(counted)) * (1 + 1e-6)


def _disagreements(explanation: dict[str, Any], now: dict[str, Any], usual: dict[str, Any]) -> list[str]:
    """Where an answer's values or usual values are not those counted anew; each feature of the answer is counted."""
    out = []
    for one in explanation["contributions"]:
        name = one["feature"]
        if name == "unit":
            continue
        if name in now and _differs(name, one["value"], now[name][0]):
            out.append(f"{name} is {one['value']}, and by the tables {now[name][0]}")
        expected = _mean(name, usual[name], now[name][0] if name in _CLOCK_HOURS else None)
        if _differs(name, one["reference_value"], expected):
            out.append(f"{name} is usually {one['reference_value']}, and by the tables {expected}")
    return out


def test_a_bed_demands_values_are_those_of_the_tables(answered: Answered) -> None:
    """All of them, and the usual ones over the cases that the answer names; the cases are counted anew, too."""
    manifest = answered.manifest("bed-demand")
    split = manifest["split"]
    cases = np.arange(split["train"][0], split["validation"][1], _STEP)
    assert 0 <= split["train"][0] - (answered.tables.start + 42 * DAY) < _STEP
    body = {"horizons_hours": list(HORIZONS), "explain": {"top": 50}}
    units = sorted({unit for unit, _ in _ASKED})
    made = answered.service.ask("/v1/bed-demand", {**body, "units": units})["forecasts"]
    for forecast in made:
        unit, hours, why = forecast["unit"], forecast["horizon_hours"], forecast["explanation"]
        if (unit, hours) not in _ASKED:
            continue
        at = _instant(forecast["target_at"]) - int(hours * HOUR)
        said, chosen = alike(at, cases)
        assert why["compared_with"] == said
        assert {c["feature"] for c in why["contributions"]} == {f["name"] for f in manifest["features"]}
        now = Beds(answered.tables, unit, np.array([at]), hours).values()
        usual = Beds(answered.tables, unit, cases[chosen], hours).values()
        assert _disagreements(why, now, usual) == []


def _asked_for(answered: Answered, at: int) -> list[dict[str, Any]]:
    """Patients who are not in the tables, of all kinds of urgency, and the last one who came and was sorted."""
    visits, own = answered.tables.visits, {"department": "ED", "arrival_mode": "ambulance", "age_years": 41}
    times = {"arrived_at": _said(at - HOUR // 3), "triaged_at": _said(at)}
    asked = [{"visit_id": f"v{level}", "triage": level, **times, **own} for level in ("2", "3B", "5")]
    last = np.flatnonzero((visits["arrived_at"] <= at) & (visits["triaged_at"] <= at)).max()
    times = {name: _said(visits[name][last]) for name in times}
    return [*asked, {"visit_id": visits["visit_id"][last], "triage": visits["triage"][last], **times, **own}]


def test_a_waits_values_are_those_of_the_tables(answered: Answered) -> None:
    """Of patients in the record, who do not wait before themselves, and of others."""
    manifest = answered.manifest("wait-time")
    split, tables = manifest["split"], answered.tables
    end = split["validation"][1]
    trained = patients_of(tables, split["train"][0], end, end + split["gap"])
    asked = _asked_for(answered, answered.service.parts.clock.now())
    made = answered.service.ask("/v1/wait-time", {"visits": asked, "explain": {"top": 50}})["predictions"]
    rows = [NOBODY] * 3 + np.flatnonzero(tables.visits["visit_id"] == asked[3]["visit_id"]).tolist()
    for visit, row, prediction in zip(asked, rows, made, strict=True):
        why, at = prediction["explanation"], _instant(visit.get("triaged_at", visit["arrived_at"]))
        said, chosen = alike(at, trained.at)
        assert why["compared_with"] == said
        assert {c["feature"] for c in why["contributions"]} == {f["name"] for f in manifest["features"]}
        own = {"age_years": np.array([41.0]), **{k: np.array([visit[k]]) for k in _TEXTS if k in visit}}
        arrived, level = np.array([_instant(visit["arrived_at"])]), np.array([visit["triage"]])
        now = Patients(tables, np.array([at]), arrived, np.array([row]), level, own).values()
        assert _disagreements(why, now, trained.where(chosen).values()) == []
