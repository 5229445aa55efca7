"""What people decided against the release in use since it was released: shown beside its card, which is sealed."""

from dataclasses import asdict

from sqlalchemy import Connection

from hospital.times import moment
from registry.monitoring.alarms import OVERRULED
from registry.monitoring.overruled import overruled_groups
from registry.policy.monitor_rules import MonitorRules
from registry.record.overrides import overrides
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.record_bodies import OverrideCell, OverruledGroup, OverruledRule, ReleaseOverrides

__all__ = ["release_overrides"]

_RECOMMENDED_ON = "bed-demand"


def release_overrides(connection: Connection, released: LoadedModel, rules: MonitorRules) -> ReleaseOverrides:
    """By unit group, and by unit and reason; of a model that nothing is recommended on, nothing.

    Args:
        rules: of the release's own policy.
    """
    recommended = released.name == _RECOMMENDED_ON
    groups = {u.unit: u.group for u in released.units} if recommended else {}
    labels = {u.unit: {"fr": u.name_in("fr"), "en": u.name_in("en")} for u in released.units}
    lost = {a.name: a.alarm_id for a in released.alarms if a.family == OVERRULED}
    since = released.released_at
    return ReleaseOverrides(
        model=released.name,
        version=released.version,
        release=released.sequence,
        since=moment(since),
        rule=OverruledRule(
            share=rules.overruled_share,
            decisions=rules.overruled_decisions,
            confidence=rules.overruled_confidence,
        ),
        groups=tuple(
            OverruledGroup(
                group=g.group,
                decided=g.decided,
                overruled=g.overruled,
                known=g.known,
                right=g.right,
                low=g.low,
                high=g.high,
                alarm=lost.get(g.group),
            )
            for g in overruled_groups(connection, groups, since, {}, rules)
        ),
        reasons=tuple(
            OverrideCell(**asdict(cell), unit_name=labels[cell.unit])
            for cell in overrides(connection, groups, since, rules.overruled_confidence)
        ),
    )
