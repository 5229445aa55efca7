"""Requests that schemathesis makes of the service's own document, and what it finds wrong with their answers.

It knows nothing of Vigie but ``/docs.json``. Its phases: an example of each operation, coverage of the document's
limits (at each, below and above it), random requests that keep or break the document, and sequences along its links.
It holds each answer against the document: status, type, headers, body, and whether what breaks the document is refused.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PHASES", "SchemaTests", "run_schema_tests"]

PHASES = ("examples", "coverage", "fuzzing", "stateful")
_CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
_MORE_SECONDS = 300


@dataclass(frozen=True)
class SchemaTests:
    """What one run found.

    Attributes:
        requests: sent. operations: of the document that were tested.
        failures: check, operation and words of each kind of failure, once.
        phases: how each phase ended.
        statuses: answers by status.
        slowest: seconds of the slowest answer.
        unanswered: requests without an answer.
    """

    requests: int
    operations: int
    failures: tuple[str, ...]
    phases: dict[str, str]
    statuses: Counter[int]
    slowest: float
    unanswered: int


def run_schema_tests(
    url: str, token: str, folder: Path, *, phases: Sequence[str] = PHASES, examples: int = 30, seed: int = 19
) -> SchemaTests:
    """All operations of a service.

    Args:
        url: of the service. token: that every request bears, but those that try without.
        folder: for reports. examples: of an operation in each random phase, at most.

    Raises:
        RuntimeError: schemathesis itself failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    report, events = folder / "report.json", folder / "events.ndjson"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(_CONFIGURATION)),
            *("run", f"{url}/docs.json", "--header", f"Authorization: Bearer {token}"),
            *("--phases", ",".join(phases), "--max-examples", str(examples), "--seed", str(seed)),
            *("--continue-on-failure", "--no-shrink", "--no-color", "--generation-database", "none"),
            *("--request-timeout", "20", "--suppress-health-check", "all"),
            *(
                "--report",
                "json,ndjson",
                "--report-json-path",
                str(report),
                "--report-ndjson-path",
                str(events),
            ),
        ],
        cwd=folder,  # it writes what it remembers where it stands
        capture_output=True,
        text=True,
        timeout=_MORE_SECONDS + 60 * len(phases),
        check=False,
    )
    if done.returncode not in (0, 1) or not report.exists():
        raise RuntimeError(
            f"schemathesis ended with {done.returncode}: {done.stdout[-2_000:]}{done.stderr[-2_000:]}"
        )
    return _found(json.loads(report.read_text()), list(_scenarios(events)))


def _scenarios(events: Path) -> Iterator[dict[str, Any]]:
    """What was recorded of each operation in each phase."""
    for line in events.read_text().splitlines():
        event = json.loads(line)
        if "ScenarioFinished" in event:
            yield event["ScenarioFinished"]["recorder"]


def _found(report: dict[str, Any], scenarios: Sequence[dict[str, Any]]) -> SchemaTests:
    interactions = [i for scenario in scenarios for i in scenario.get("interactions", {}).values()]
    answers = [i["response"] for i in interactions if i.get("response")]
    errors = [f"{e.get('title', e)}: {e.get('operations', '')}" for e in report.get("errors", ())]
    return SchemaTests(
        requests=len(interactions),
        operations=report["operations"]["tested"],
        failures=tuple(sorted({*_failures(scenarios), *errors})),
        phases={name: report["phases"][name]["status"] for name in PHASES},
        statuses=Counter(answer["status_code"] for answer in answers),
        slowest=max((answer["elapsed"] for answer in answers), default=0.0),
        unanswered=len(interactions) - len(answers),
    )


def _failures(scenarios: Sequence[dict[str, Any]]) -> Iterator[str]:
    for scenario in scenarios:
        for checks in scenario.get("checks", {}).values():
            for check in checks:
                if check["status"] != "failure":
                    continue
                failure = check["failure_info"]["failure"]
                words = " ".join(failure["message"].split())[:300]
                yield f"{check['name']}: {failure['operation'] or scenario['label']}: {failure['title']} {words}"
