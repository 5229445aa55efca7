"""What people decided against the release in use since it was released: shown beside its card, which is sealed."""

from dataclasses import asdict

from sqlalchemy import Connection

from hospital.times import moment
from hospital.words.catalogue import text
from registry.decisions.overrides import BOARDING, overrides
from registry.monitoring.alarms import OVERRULED
from registry.monitoring.overruled import counted_anew, overruled_groups
from registry.policy.monitor_rules import MonitorRules
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.record_bodies import OverrideCell, OverruledGroup, OverruledRule, ReleaseOverrides

__all__ = ["release_overrides"]

_RECOMMENDED_ON = "bed-demand"
_HOSPITAL = "*"
"""The hospital total and boarding, which have no unit group: shown, and the rule takes nothing from them."""


def release_overrides(connection: Connection, released: LoadedModel, rules: MonitorRules) -> ReleaseOverrides:
    """By unit group, and by unit and reason; of a model that nothing is recommended on, nothing.

    Each group is counted as `vigie monitor` counts it: anew once the board has acknowledged its alarm.

    Args:
        rules: of the release's own policy.
    """
    recommended = released.name == _RECOMMENDED_ON
    groups = {u.unit: u.group for u in released.units} if recommended else {}
    places = {**groups, _HOSPITAL: _HOSPITAL, BOARDING: _HOSPITAL} if recommended else {}
    labels = {u.unit: {"fr": u.name_in("fr"), "en": u.name_in("en")} for u in released.units}
    for place, key in ((_HOSPITAL, "card.hospital"), (BOARDING, "card.boarding")):
        labels[place] = {"fr": text(key, "fr"), "en": text(key, "en")}
    lost = {a.name: a.alarm_id for a in released.alarms if a.family == OVERRULED}
    since = released.released_at
    anew = counted_anew(connection, released.name, released.sequence, released.digest)
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
                since=moment(g.since),
                decided=g.decided,
                overruled=g.overruled,
                known=g.known,
                right=g.right,
                low=g.low,
                high=g.high,
                rightly=g.rightly,
                alarm=lost.get(g.group),
            )
            for g in overruled_groups(connection, groups, since, anew, rules)
        ),
        reasons=tuple(
            OverrideCell(**asdict(cell), unit_name=labels[cell.unit])
            for cell in overrides(connection, places, since, rules.overruled_confidence)
        ),
    )
