"""What people decided against the release in use, by the board's rule: as beside its card and in `vigie monitor`."""

from serving.gateway.service_parts import Parts
from serving.messages.record_bodies import OverrideCell, OverruledGroup, OverruledRule, ReleaseOverrides
from serving.releases.release_overrides import release_overrides

__all__ = ["OverrideCell", "OverruledGroup", "OverruledRule", "ReleaseOverrides", "overrides_in_use"]


def overrides_in_use(parts: Parts) -> ReleaseOverrides | None:
    """Of the beds' release, on which recommendations are made; None: there is none in use."""
    released = parts.releases.states["bed-demand"].loaded
    if released is None:
        return None
    with parts.engine.connect() as connection:
        rules = parts.catalogue.monitor_rules(released)
        return release_overrides(connection, released, rules)
