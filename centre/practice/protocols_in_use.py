"""The protocols that are in use on a day: signed by everybody who has to, and valid."""

from datetime import date

from centre.practice.protocol_file import Protocol
from centre.practice.protocol_store import ProtocolStore
from serving.interface.files import VigieError
from serving.interface.statements import Settings, policy_in_force

__all__ = ["protocol_of_digest", "protocols_in_use"]


def protocols_in_use(settings: Settings, day: date) -> tuple[Protocol, ...]:
    """The protocols in use on a day, by id; none where nobody is trusted yet."""
    try:
        in_use = ProtocolStore(settings, policy_in_force(settings.trust)).in_use(day)
    except VigieError:
        return ()
    return tuple(one.protocol for one in in_use)


def protocol_of_digest(settings: Settings, protocol_id: str, version: int, digest: str) -> Protocol | None:
    """A version as it was when it was recommended; None: it is not there, or these are not its bytes any more."""
    try:
        stored = ProtocolStore(settings, policy_in_force(settings.trust)).version(protocol_id, version)
    except VigieError:
        return None
    return stored.protocol if stored.protocol.digest == digest else None
