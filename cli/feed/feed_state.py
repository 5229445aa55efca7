"""How far a replay has come: written after every request that the service answered, so that it goes on from there."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from registry.digests import canonical_json, sha256_bytes, write_atomically

__all__ = ["FeedState", "load_state", "save_state", "state_file"]


@dataclass(frozen=True)
class FeedState:
    """A replay.

    Attributes:
        begin: instant of the source that it began at.
        shift: microseconds from the source's time to the service's.
        before: rows sent of what was known at its beginning.
        after: rows sent of what came later.
        now: the service's instant when it was last heard.
    """

    begin: int
    shift: int
    before: int = 0
    after: int = 0
    now: int = 0


def state_file(home: Path, url: str, digest: str) -> Path:
    """Where a replay of this source into this service is noted."""
    return home / "feeds" / f"{sha256_bytes(f'{url} {digest}'.encode()).removeprefix('sha256:')[:16]}.json"


def load_state(path: Path) -> FeedState | None:
    """What is noted; None: nothing, or nothing that can be read."""
    try:
        body = json.loads(path.read_bytes())
        values = {name: body[name] for name in FeedState.__dataclass_fields__}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return FeedState(**values) if all(type(v) is int for v in values.values()) else None


def save_state(path: Path, state: FeedState) -> None:
    """Notes it, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, canonical_json(asdict(state)), mode=0o600)
