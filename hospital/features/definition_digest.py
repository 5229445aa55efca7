"""The digest of the feature definitions: of what they compute, not of how the code is written.

A fixed little hospital, made by integer arithmetic, is run through every feature; the digest covers the list of
features and the bits they gave. A comment changes nothing; a changed window, unit or rule changes the digest,
and a package trained with other features is refused.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from hospital.arrays import Array
from hospital.features.bed_query import BedQuery
from hospital.features.beds import ALL_BED_FEATURES, BedFeatures
from hospital.features.feature import TRIAGE_RANK, Feature, with_levels
from hospital.features.lookback import SEASONAL_PROFILE_WEEKS
from hospital.features.wait import WAIT_FEATURES, WaitFeatures, WaitQuery
from hospital.holidays.place import Locality
from hospital.record.events import Events, columns_from_rows
from hospital.times import DAY, HOUR, MINUTE

__all__ = ["feature_digest", "unknown_features"]

_START = 19_800 * DAY  # 2024-03-18: the span holds a clock change (31 March) and a holiday (1 April)
_DAYS = 40
_UNITS = ("A", "B")


@cache
def feature_digest(model: str) -> str:
    """Digest (``sha256:…``) of the features of ``bed-demand`` or ``wait-time`` as this code computes them."""
    events = _events()
    if model == "wait-time":
        levels = {"department": ("ED",), "arrival_mode": ("walk_in",), "reason": ("x",)}
        features = with_levels(WAIT_FEATURES, levels)
        X = WaitFeatures(events).compute(_waits(), features)
    else:
        features = with_levels(ALL_BED_FEATURES, {"unit": _UNITS})
        X = BedFeatures(events, features).compute(_beds())
    listed = [asdict(f) for f in features]
    digest = hashlib.sha256(json.dumps(listed, sort_keys=True).encode())
    if model == "bed-demand":
        digest.update(
            str(SEASONAL_PROFILE_WEEKS).encode()
        )  # the probe's hospital is younger than a seasonal profile
    digest.update(np.where(np.isnan(X), np.float32(-1e30), X).astype("<f4").tobytes())
    return "sha256:" + digest.hexdigest()


def unknown_features(model: str, features: Iterable[Feature]) -> tuple[str, ...]:
    """Names of features that this code does not compute, as a package of another version of it may have.

    Covariates have the names of a hospital's own columns: they are never unknown.
    """
    known = {f.name for f in (WAIT_FEATURES if model == "wait-time" else ALL_BED_FEATURES)}
    return tuple(f.name for f in features if f.name not in known and f.group != "covariate")


def _draws(n: int, seed: int) -> list[int]:
    """Numbers of 0 to 9999 by a linear congruential rule (Numerical Recipes' constants): the same everywhere."""
    state, out = seed, []
    for _ in range(n):
        state = (1_664_525 * state + 1_013_904_223) % 2**32
        out.append((state >> 8) % 10_000)
    return out


def _events() -> Events:
    visits, stays, operations = [], [], []
    triage = tuple(TRIAGE_RANK)
    for i, draw in enumerate(_draws(480, 7)):
        arrived = _START + i * 2 * HOUR + draw * 400_000
        visit = {
            "visit_id": f"v{i}",
            "department": "ED",
            "arrived_at": arrived,
            "triaged_at": arrived + 6 * MINUTE,
            "seen_at": arrived + (10 + draw % 170) * MINUTE if draw % 19 else None,
            "bed_requested_at": arrived + 3 * HOUR if draw % 3 == 0 and draw % 19 else None,
            "left_at": arrived + (4 + draw % 4) * HOUR,
            "triage": triage[draw % 7],
            "destination_unit": _UNITS[draw % 2] if draw % 3 == 0 else None,
        }
        visits.append(
            {**visit, "seen_at": None, "bed_requested_at": None, "left_at": None, "received_at": arrived}
        )
        seen = {**visit, "bed_requested_at": None, "left_at": None}
        visits.append(
            {**seen, "received_at": arrived + 3 * HOUR}
        )  # before anybody leaves: no news of who was seen
        visits.append({**visit, "received_at": arrived + 8 * HOUR})
        stay = {"stay_id": f"s{i}", "unit": _UNITS[draw % 2], "entered_at": arrived, "source": "emergency"}
        if draw % 3:
            stay |= {
                "expected_left_at": arrived + (draw % 80) * HOUR,
                "expected_known_at": arrived + 2 * HOUR,
            }
        stays.append({**stay, "received_at": arrived})
        stays.append({**stay, "left_at": arrived + (draw % 90) * HOUR, "received_at": arrived + 91 * HOUR})
        operations.append(
            {
                "operation_id": f"o{i}",
                "unit": "A",
                "booked_at": arrived,
                "planned_at": arrived + 4 * DAY,
                "received_at": arrived,
            }
        )
    staffing = [
        {
            "at": _START + d * DAY,
            "unit": u,
            "role": role,
            "count": 3 + d % 5,
            "received_at": _START + (d - 2) * DAY,
        }
        for d in range(_DAYS)
        for u, role in (("ED", "doctor"), ("ED", "nurse"), ("A", "bed"), ("B", "bed"))
    ]
    units = [{"unit": u, "label": u, "received_at": 0} for u in _UNITS]
    tables = {
        "visits": visits,
        "stays": stays,
        "operations": operations,
        "staffing": staffing,
        "units": units,
    }
    columns = {name: columns_from_rows(name, rows) for name, rows in tables.items()}
    return Events.of(
        columns, zone=ZoneInfo("Europe/Paris"), history_from=_START, locality=Locality(school_zone="C")
    )


def _times(n: int) -> Array:
    return np.array([_START + 36 * DAY + i * 97 * MINUTE for i in range(n)], np.int64)


def _waits() -> WaitQuery:
    times = _times(48)
    columns = {
        name: np.full(48, value, object)
        for name, value in (("department", "ED"), ("arrival_mode", "walk_in"))
    }
    columns |= {"reason": np.full(48, "x", object), "age_years": np.arange(48, dtype=np.float64)}
    columns["triage"] = np.array([tuple(TRIAGE_RANK)[i % 7] for i in range(48)], object)
    return WaitQuery(times, times - 5 * MINUTE, np.arange(432, 480, dtype=np.int64), columns, {})


def _beds() -> BedQuery:
    n = 48
    horizons = np.array([(4.0, 24.0, 168.0)[i % 3] for i in range(n)])
    return BedQuery(np.arange(n, dtype=np.int64) % 2, _times(n), horizons, np.full(n, np.nan))
