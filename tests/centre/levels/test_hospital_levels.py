"""Levels of the hospital and of its units by the policy in force, as GET /v1/tension answers them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hospital.times import moment
from tests.support.level_policies import POLICY
from tests.support.serving_fakes import NOW, InProcess, make_parts


def ago(minutes: float) -> str:
    """A time before the service's now."""
    return (moment(NOW) - timedelta(minutes=minutes)).isoformat()


def answered(home: Path, policy: str | None, rows: dict[str, Any] | None = None) -> dict[str, Any]:
    """The levels of the answer, with this policy's file and these rows."""
    parts, tokens = make_parts(home)
    if policy is not None:
        (home / "levels.toml").write_text(policy)
    client, headers = InProcess(parts), {"authorization": f"Bearer {tokens['operator']}"}
    if rows is not None:
        assert client.request("POST", "/v1/observations", json=rows, headers=headers).status_code == 200
    response = client.get("/v1/tension", headers=headers)
    assert response.status_code == 200, response.text
    levels: dict[str, Any] = response.json()["levels"]
    return levels


def of_unit(levels: dict[str, Any], unit: str) -> dict[str, Any]:
    """The levels of a unit."""
    (one,) = [u for u in levels["units"] if u["unit"] == unit]
    return dict(one)


def test_each_unit_has_its_levels_now_and_ahead_and_says_what_called_them(quick_path: Path) -> None:
    """A unit is full by its own patients, those who wait for its beds among them, and by no index of the hospital."""
    census = [
        {"unit": "U1", "at": ago(5), "occupied": 24, "waiting": 5, "staffed": 28},
        {"unit": "U2", "at": ago(5), "occupied": 24, "waiting": 0, "staffed": 24},
        {"unit": "U3", "at": ago(5), "occupied": 31, "staffed": 30},
    ]
    levels = answered(quick_path, POLICY, {"census": census})
    assert (levels["policy"], levels["version"], levels["shipped"], levels["faults"]) == (
        "ours",
        3,
        False,
        [],
    )
    full = of_unit(levels, "U1")
    assert full["current"] == "full"
    assert full["now"][0]["called_by"] == [
        {"indicator": "beds_needed_above_staffed", "side": "above", "threshold": 0.0, "value": 1.0}
    ]
    assert full["unknown_above"] == ["crowded"]
    assert full["now"][1]["missing"] == ["EDWIN.unit"]
    not_full = of_unit(levels, "U2")["now"][0]
    assert (not_full["state"], not_full["called_by"]) == ("not_reached", [])
    unknown = of_unit(levels, "U3")["now"][0]
    assert (unknown["state"], unknown["missing"]) == (
        "not_computable",
        ["beds_needed_above_staffed.value"],
    ), "who waits for its beds is not known"


def test_ahead_each_horizon_has_the_units_own_probability_and_names_its_forecast(quick_path: Path) -> None:
    """U3 is expected above its beds, U1 is not, and U4's staffed beds are not known."""
    levels = answered(quick_path, POLICY)
    ahead = [a for a in of_unit(levels, "U3")["ahead"] if a["level"] == "full"]
    assert [a["horizon_hours"] for a in ahead] == [4, 8, 24, 72]
    assert {a["state"] for a in ahead} == {"reached"}
    assert all(a["prediction_id"] for a in ahead)
    assert {a["state"] for a in of_unit(levels, "U1")["ahead"] if a["level"] == "full"} == {"not_reached"}
    assert {a["probability"] for a in of_unit(levels, "U4")["ahead"]} == {None}


def test_the_hospital_is_its_own_total(quick_path: Path) -> None:
    """One unit above its beds does not make the hospital full; boarders without a named unit count for the total."""
    rows = {
        "census": [
            {"unit": "U1", "at": ago(5), "occupied": 30, "staffed": 28},
            {"unit": "U2", "at": ago(5), "occupied": 20, "staffed": 24},
        ],
        "visits": [
            {"visit_id": f"v{n}", "arrived_at": ago(300), "seen_at": ago(200), "bed_requested_at": ago(100)}
            for n in range(3)
        ]
        + [{"visit_id": "gone", "arrived_at": ago(900), "left_at": ago(600)}],
    }
    full = answered(quick_path, POLICY, rows)["hospital"]["now"][0]
    assert full["state"] == "reached"
    assert full["called_by"][0]["value"] == 1.0
    rows["visits"] = rows["visits"][1:]
    assert answered(quick_path / "b", POLICY, rows)["hospital"]["now"][0]["state"] == "not_reached"


def test_without_a_file_the_shipped_policy_says_that_its_thresholds_are_missing(quick_path: Path) -> None:
    """And no level is known."""
    levels = answered(quick_path, None)
    assert (levels["policy"], levels["shipped"]) == ("hopital-en-tension", True)
    assert levels["hospital"]["current"] is None
    assert "visits.threshold" in levels["hospital"]["now"][0]["missing"]


@pytest.mark.parametrize("content", ["", "name =", POLICY.replace("version = 3", "version = 0")])
def test_a_policy_with_faults_calls_nothing_and_is_named(quick_path: Path, content: str) -> None:
    """Another policy in its place would call what nobody decided."""
    levels = answered(quick_path, content)
    assert levels["faults"]
    assert (levels["policy"], levels["hospital"], levels["units"]) == (None, None, [])


def test_a_policy_that_changes_is_read_again(quick_path: Path) -> None:
    """Without a new start of the service."""
    parts, tokens = make_parts(quick_path)
    client, headers = InProcess(parts), {"authorization": f"Bearer {tokens['operator']}"}
    for version in (3, 4444):
        (quick_path / "levels.toml").write_text(POLICY.replace("version = 3", f"version = {version}"))
        assert client.get("/v1/tension", headers=headers).json()["levels"]["version"] == version
