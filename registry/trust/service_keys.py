"""Which keys of the service count: what it signs are checkpoints of the journal, and erasures."""

from registry.errors import TrustError
from registry.settings import Settings
from registry.trust.keys import load_key
from registry.trust.trust_store import FILE, load_trust

__all__ = ["accepted_keys", "trusted_service_keys"]


def accepted_keys(settings: Settings) -> frozenset[str]:
    """Public keys whose checkpoints and erasures count: those trusted as the service's, else that of the key's file."""
    trusted = trusted_service_keys(settings)
    if trusted or not settings.service_key.exists():
        return trusted
    return frozenset({load_key(settings.service_key).public_key})


def trusted_service_keys(settings: Settings) -> frozenset[str]:
    """Those of the trust file; a file that cannot be read names none: what is wrong with it is said elsewhere."""
    if not (settings.trust / FILE).exists():
        return frozenset()
    try:
        return frozenset(k.public_key for k in load_trust(settings.trust).keys if "service" in k.roles)
    except TrustError:
        return frozenset()
