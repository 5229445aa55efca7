"""What the command centre does beside answering: it looks at the levels, and tells applications what was decided."""

from collections.abc import Callable, Mapping
from datetime import datetime

from centre.recommendations.look import look_if_due
from centre.webhooks.delivery import deliver
from serving.interface.installation import Parts

__all__ = ["tasks"]


def tasks(parts: Parts) -> Mapping[str, Callable[[datetime], None]]:
    """The tasks by name; each runs in a thread of its own, and never twice at once."""

    def look(_: datetime) -> None:
        look_if_due(parts, parts.clock.now())

    def tell(_: datetime) -> None:
        deliver(parts)

    return {"recommendations": look, "webhooks": tell}
