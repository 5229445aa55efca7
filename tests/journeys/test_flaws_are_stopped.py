"""The flaws that anyone can simulate are stopped, each by the gate that looks for it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hospital.ingest.hospital_reader import read_hospital
from hospital.simulator import Shift, Unfair, simulate, write
from registry.check.run import check
from registry.policy.board_policy import default_policy
from registry.settings import Settings
from registry.trust.keys import demo_key
from registry.trust.trust_store import create_trust
from tests.support.new_databases import new_mlflow
from training.packages.package_request import Request
from training.train import train

DAYS = 560
SCALE = 0.5
"""Half a hospital: fewer rows make a flaw harder to see, and its gate sees it."""
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


def _gates(folder: Path, **flaw: Any) -> dict[str, dict[str, Any]]:
    write(simulate(DAYS, seed=61, scale=SCALE, **flaw), folder / "data")
    tables, settings = read_hospital(folder / "data", None, b"key"), Settings(home=folder / "home")
    create_trust(settings.trust, policy_digest=default_policy().digest, demo=True)
    new_mlflow(settings.home)

    def silent(step: str, share: float) -> None:
        del step, share

    done = train(Request("wait-time"), tables, settings, key=demo_key("author"), now=NOW, progress=silent)
    report = check(settings, "wait-time", done.candidate.version, default_policy(), now=NOW, progress=silent)
    assert str(report.verdict) != "pass"
    return {g["name"]: g for g in report.gates}


def test_a_group_that_waits_longer_for_no_reason_shown_is_not_passed(tmp_path: Path) -> None:
    """`--unfair sex=F:1.4`: fairness stops it, and names the group."""
    fairness = _gates(tmp_path, unfair=Unfair.parse("sex=F:1.4"))["fairness"]
    assert fairness["verdict"] == "block"
    blocked = {f["group"] for f in fairness["findings"] if f["verdict"] == "block"}
    assert "sex=F" in blocked
    assert all("sex=F" in group.split("*") for group in blocked), blocked  # women of an age or language, too


def test_a_hospital_that_changed_last_month_is_not_passed(tmp_path: Path) -> None:
    """`--shift 1.6` in the last month: drift stops it, and names the arrivals."""
    drift = _gates(tmp_path, shift=Shift.parse(f"1.6@{DAYS - 30}"))["drift"]
    assert drift["verdict"] == "block"
    assert "arrivals" in {f["group"] for f in drift["findings"] if f["verdict"] == "block"}


def test_a_short_history_says_how_much_is_missing(tmp_path: Path) -> None:
    """Too few days are refused in training, with the number needed."""
    from hospital.errors import HistoryError

    write(simulate(90, seed=62, scale=0.2), tmp_path / "data")
    tables = read_hospital(tmp_path / "data", None, b"key")
    with pytest.raises(HistoryError, match="at least"):
        train(
            Request("bed-demand"),
            tables,
            Settings(home=tmp_path),
            key=None,
            now=NOW,
            progress=lambda *_: None,
        )
