"""Where a recommendation stands after its acts: the replay by which cards and the monitor count decisions, too."""

from registry.decisions.state_machine import (
    Act,
    ActKind,
    NotAllowedError,
    Progress,
    State,
    Verdict,
    after,
    replayed,
)

__all__ = ["Act", "ActKind", "NotAllowedError", "Progress", "State", "Verdict", "after", "replayed"]
