"""A protocol added, reviewed and put in use by the people of an installation."""

from datetime import date

from centre.practice.protocol_store import ProtocolStore
from tests.centre.practice.protocol_texts import protocol_text
from tests.support.installation import Installation, after

__all__ = ["DAY", "add", "approve", "in_use", "use"]

DAY = date(2026, 3, 1)


def add(store: ProtocolStore, installation: Installation, version: int = 1, who: str = "author") -> bytes:
    """A version of the protocol, added."""
    content = protocol_text(version=str(version)).encode()
    store.add(content, installation.people[who], now=after(0))
    return content


def approve(
    store: ProtocolStore, installation: Installation, *who: str, version: int = 1, decision: str = "approve"
) -> None:
    """Reviews of these people."""
    for name in who:
        key = installation.people[name]
        store.review("reserve-beds", version, key, decision, "read at the bedside", now=after(1))  # type: ignore[arg-type]


def use(store: ProtocolStore, installation: Installation, version: int = 1, who: str = "releaser") -> None:
    """A version put in use."""
    store.put_in_use("reserve-beds", version, installation.people[who], "winter plan", now=after(2 + version))


def in_use(store: ProtocolStore, day: date = DAY) -> list[int]:
    """Versions in use on a day."""
    return [one.protocol.version for one in store.in_use(day)]
