"""What operations rely on is there: metrics of alarms and dashboard, files of the law's table, unit, runbook."""

import configparser
import json
import re

import pytest

from serving.gateway.readiness import ANSWERS, FULL, SILENT, UNWRITABLE
from serving.http.metrics import Metrics
from tests.support.repository import ROOT

OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
DASHBOARD = json.loads((ROOT / "deploy" / "grafana.json").read_text("utf-8"))


def _metrics() -> set[str]:
    metrics = Metrics()
    metrics.answered("/x", "GET", 200, 0.1)
    metrics.forecasts.labels("wait-time", "trusted").inc()
    metrics.alarms.labels("wait-time").set(0)
    metrics.release.labels("wait-time").set(1)
    metrics.refused.labels("wait-time").set(0)
    metrics.shed.labels("/x").inc()
    metrics.clock_faults.labels("clock_stepped").set(0)
    return set(re.findall(r"^(vigie_\w+)", metrics.page().decode(), flags=re.MULTILINE))


@pytest.mark.parametrize("text", [OPERATIONS, json.dumps(DASHBOARD)], ids=["alarms", "dashboard"])
def test_every_metric_that_is_named_is_exported(text: str) -> None:
    """An alarm on a metric that is not there never rings."""
    named = set(re.findall(r"\bvigie_\w+", text))
    assert named >= {"vigie_requests_total", "vigie_alarms"}
    assert named <= _metrics()


def test_the_dashboard_shows_every_kind_of_metric() -> None:
    """Each panel asks something, of a source that is chosen."""
    assert all(t["expr"] for p in DASHBOARD["panels"] for t in p["targets"])
    assert len({p["id"] for p in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    shown = json.dumps(DASHBOARD)
    assert all(
        name in shown
        for name in ("vigie_requests", "vigie_request_seconds", "vigie_forecasts", "vigie_release")
    )


def test_every_state_of_the_database_has_its_advice() -> None:
    """What /readyz says is what the page explains; and each alarm says what it means and what to do."""
    assert all(f"| `{state}` |" in OPERATIONS for state in (SILENT, FULL, UNWRITABLE))
    assert f"| `{ANSWERS}` |" not in OPERATIONS
    for section in OPERATIONS.partition("## Alarms")[2].partition("## Backup")[0].split("### ")[1:]:
        title = section.splitlines()[0]
        assert re.search(r"`.+` ?|/readyz", section), title
        assert "*What to do" in section or "| do |" in section, title


@pytest.mark.parametrize("page", ["compliance.md", "threat-model.md"])
def test_every_file_and_test_that_is_named_is_there(page: str) -> None:
    """A row of the table that points nowhere proves nothing."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)+[A-Za-z_.]+\.(?:py|lock))`", text))
    assert len(named) > 10
    assert not {name for name in named if not (ROOT / name).exists() and not (ROOT / "tests" / name).exists()}


def test_each_law_says_what_stays_the_hospitals_work() -> None:
    """As plainly as what Vigie does."""
    text = (ROOT / "docs" / "compliance.md").read_text("utf-8")
    sections = text.split("\n## ")[1:]
    assert [s.splitlines()[0].split(" (")[0] for s in sections] == [
        "GDPR",
        "AI Act",
        "CRPA L.311-3-1",
        "HAS certification",
        "Cyber Resilience Act",
    ]
    assert all("**The hospital's work:**" in section for section in sections)


def test_each_prohibited_practice_is_answered() -> None:
    """AI Act, article 5(1): each letter has its row and its reason, and so has what was added in 2026."""
    text = (ROOT / "docs" / "compliance.md").read_text("utf-8")
    law = text.partition("## AI Act")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\([a-h]\)|added in 2026) \| (.+) \| (.+) \|$", law, flags=re.MULTILINE)
    assert [letter for letter, _, _ in rows] == [*(f"({letter})" for letter in "abcdefgh"), "added in 2026"]
    assert all(len(why) > 3 for _, _, why in rows)


def test_the_unit_and_the_container_end_the_whole_group() -> None:
    """Supervisor, worker and monitor; and they give more time than the service takes to finish."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string((ROOT / "deploy" / "vigie.service").read_text("utf-8"))
    service = unit["Service"]
    assert (service["KillMode"], service["Restart"], service["UMask"]) == ("control-group", "always", "0077")
    assert int(service["TimeoutStopSec"]) > 20
    assert service["ExecStart"].endswith("vigie serve")
    container = (ROOT / "deploy" / "Containerfile").read_text("utf-8")
    assert '"/usr/bin/tini", "-g"' in container
    assert re.search(r"^USER vigie$", container, flags=re.MULTILINE)


def test_the_timer_carries_out_the_terms_each_day() -> None:
    """Also after a night in which the machine was off; as the service's account, with its settings."""
    parts = {}
    for name in ("vigie-retention.timer", "vigie-retention.service", "vigie.service"):
        parts[name] = configparser.ConfigParser(strict=False, interpolation=None)
        parts[name].optionxform = str  # type: ignore[assignment, method-assign]
        parts[name].read_string((ROOT / "deploy" / name).read_text("utf-8"))
    timer, run, service = (parts[name] for name in parts)
    assert timer["Timer"]["Persistent"] == "true"
    assert timer["Timer"]["OnCalendar"].startswith("*-*-* ")
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert run["Service"]["Type"] == "oneshot"
    assert run["Service"]["ExecStart"].endswith("vigie journal retain --carry-out")
    for key in ("User", "EnvironmentFile", "UMask", "ReadWritePaths", "ReadOnlyPaths"):
        assert run["Service"][key] == service["Service"][key]
    home = run["Service"]["EnvironmentFile"].removesuffix("/settings.env")  # the file does not name it itself
    assert all(f"VIGIE_HOME={home}" in u["Service"]["Environment"].split() for u in (run, service))


def test_the_security_policy_names_the_times() -> None:
    """24 hours, 72 hours, 14 days."""
    policy = (ROOT / "SECURITY.md").read_text("utf-8")
    assert all(f"| {when}" in policy for when in ("24 hours", "72 hours", "14 days"))
