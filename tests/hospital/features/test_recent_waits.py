"""Recent waits are those of the patients who were seen last: that one of them leaves is no news of their wait."""

from zoneinfo import ZoneInfo

import numpy as np

from hospital.features.wait import WAIT_FEATURES, WaitFeatures, WaitQuery
from hospital.record.events import Events
from hospital.times import DAY, MINUTE, MISSING_TIME


def test_the_last_wait_is_of_who_was_seen_last_and_not_of_who_left_last() -> None:
    """The first waited for an hour and leaves after the second, who waited for ten minutes, was seen."""
    begin = 1000 * DAY
    arrived, seen = np.array([0, 80]) * MINUTE + begin, np.array([60, 90]) * MINUTE + begin
    left = int(begin + 95 * MINUTE)
    row = np.array([0, 0, 0, 1, 1])
    visits = {
        "visit_id": np.array(["first", "second"], object)[row],
        "department": np.array(["ED"] * 5, object),
        "arrived_at": arrived[row],
        "triaged_at": arrived[row],
        "seen_at": np.where([False, True, True, False, True], seen[row], MISSING_TIME),
        "left_at": np.array([MISSING_TIME, MISSING_TIME, left, MISSING_TIME, MISSING_TIME]),
        "bed_requested_at": np.full(5, MISSING_TIME),
        "triage": np.array(["4"] * 5, object),
        "received_at": np.array([arrived[0], seen[0], left, arrived[1], seen[1]]),
    }
    events = Events.of({"visits": visits}, zone=ZoneInfo("Europe/Paris"))
    names = ("recent_wait_triage", "last_wait_triage", "recent_wait_all")
    features = tuple(f for f in WAIT_FEATURES if f.name in names)
    at = np.array([100 * MINUTE + begin])
    texts = {n: np.full(1, None, object) for n in ("arrival_mode", "reason")}
    columns = {**texts, "department": np.array(["ED"], object), "triage": np.array(["4"], object)}
    query = WaitQuery(at, at, np.array([-1]), columns, {})
    found = dict(
        zip([f.name for f in features], WaitFeatures(events).compute(query, features)[0], strict=True)
    )
    assert found == {"recent_wait_triage": 35.0, "last_wait_triage": 10.0, "recent_wait_all": 35.0}
