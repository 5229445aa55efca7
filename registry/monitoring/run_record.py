"""What a monitoring run found, written down at once: its alarms with their entries, and its figures."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Engine, delete, insert

from hospital.times import instant
from registry.digests import canonical_json
from registry.monitoring.alarms import raise_alarm
from registry.monitoring.sequential_tests import Alarm, Tested
from registry.policy.board_policy import Policy
from registry.record.database import writing
from registry.record.tables.record_tables import monitoring_runs
from registry.releases.release import Release

__all__ = ["write_run"]


def write_run(
    engine: Engine, release: Release, policy: Policy, tested: Tested, last: int, now: datetime
) -> tuple[Alarm, ...]:
    """In one transaction; returns the alarms that are new. `last`: the last whole local day seen."""
    raised = []
    with writing(engine) as connection:
        for alarm in tested.alarms:
            written = raise_alarm(
                connection,
                model=release.model,
                release=release.sequence,
                digest=release.package_digest,
                figure=(alarm.figure.family, alarm.figure.name),
                evidence=_evidence(alarm),
                stops=alarm.figure.family in policy.monitor.stops,
                now=now,
            )
            raised += [alarm] if written else []
        c = monitoring_runs.c
        mine = (c.model == release.model) & (c.release == release.sequence)
        connection.execute(delete(monitoring_runs).where(mine))
        connection.execute(
            insert(monitoring_runs).values(
                model=release.model,
                release=release.sequence,
                run_at=instant(now),
                until_day=last,
                figures=canonical_json(_figures(tested)).decode(),
            )
        )
    return tuple(raised)


def _evidence(alarm: Alarm) -> Mapping[str, Any]:
    body = {k: v for k, v in asdict(alarm).items() if k != "figure"}
    return body | {"interval": [alarm.interval[0], alarm.interval[1]]}


def _figures(tested: Tested) -> list[dict[str, Any]]:
    """Each figure: its mean change over the last four weeks, margin, and how near its sum is to the threshold."""
    out = []
    for j, figure in enumerate(tested.figures):
        change = tested.change[:, j]
        recent = change[-28:][np.isfinite(change[-28:])]
        margin, threshold_share = (
            float(tested.margin[0, j]),
            float(np.max(tested.threshold_share[-1, :, j], initial=-math.inf)),
        )
        known = recent.size > 0
        out.append(
            {
                "family": figure.family,
                "name": figure.name,
                "change": float(recent.mean()) if known else None,
                "margin": margin if math.isfinite(margin) else None,
                "threshold_share": threshold_share if math.isfinite(threshold_share) else None,
                "days": int(np.isfinite(change).sum()),
            }
        )
    return out
