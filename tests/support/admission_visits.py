"""Visits of whom those of one triage level are admitted more often, and the model that is fitted to them."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from hospital.dataset.splits import Split
from hospital.record.events import Events, columns_from_rows
from hospital.times import DAY, HOUR, instant, parse_time
from registry.components.admission_model import AdmissionModel
from training.tension.admission_fit import learn_admissions

__all__ = ["DAYS", "SHARES", "SPLIT", "START", "ZONE", "learned", "visits"]

ZONE = ZoneInfo("Europe/Paris")
START = instant(parse_time("2024-03-04T08:00:00Z"))
DAYS = 100
SPLIT = Split(
    {
        "train": (START, START + 50 * DAY),
        "calibration": (START + 53 * DAY, START + 75 * DAY),
        "validation": (START + 78 * DAY, START + 85 * DAY),
        "test": (START + 88 * DAY, START + DAYS * DAY),
    },
    3 * DAY,
)

SHARES = {"2": 0.7, "4": 0.2}


def visits(seed: int = 1, after: str = "home") -> list[dict[str, Any]]:
    """Twelve a day, of whom those of triage 2 are admitted more often; from validation on all end alike."""
    rng = np.random.default_rng(seed)
    rows = []
    for day in range(DAYS):
        for n in range(12):
            triage = "2" if n % 2 else "4"
            arrived = START + day * DAY - HOUR // 2
            outcome = "admitted" if rng.random() < SHARES[triage] else "home"
            rows.append(
                {
                    "visit_id": f"{day}-{n}",
                    "arrived_at": arrived,
                    "triaged_at": arrived,
                    "triage": triage,
                    "age_years": 50.0,
                    "reason": f"rare{day}" if n == 0 else "pain",
                    "left_at": arrived + HOUR,
                    "disposition": after if day >= 78 else outcome,
                    "destination_unit": "MED" if outcome == "admitted" else None,
                    "received_at": arrived,
                }
            )
    return rows


def learned(rows: list[dict[str, Any]]) -> tuple[AdmissionModel, Events, bytes]:
    """The model of these visits."""
    events = Events.of({"visits": columns_from_rows("visits", rows)}, zone=ZONE, history_from=0)
    files = learn_admissions(events, SPLIT)
    content = files["admission.json"]
    return AdmissionModel.from_json(json.loads(content)), events, content
