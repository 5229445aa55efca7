"""The service's key, which signs checkpoints of the journal: made where there is none yet, and trusted by name."""

from contextlib import suppress
from datetime import datetime

from registry.errors import KeyFileError
from registry.settings import Settings
from registry.trust.keys import Key, create_key, load_key
from registry.trust.service_keys import accepted_keys, trusted_service_keys
from registry.trust.trust_changes import trust_key

__all__ = ["SERVICE", "accepted_keys", "is_service_key_trusted", "service_key", "trust_service_key"]

SERVICE = "vigie service"
"""What the service goes by among those whom an installation trusts."""
_ROLE = "service"


def service_key(settings: Settings) -> Key:
    """The service's key of this installation, made where there is none.

    Raises:
        KeyFileError: the file cannot be read or made.
    """
    path = settings.service_key
    if not path.exists():
        with suppress(KeyFileError):  # another process makes it at this moment: then it can be read
            create_key(SERVICE, path)
    return load_key(path)


def trust_service_key(settings: Settings, now: datetime) -> None:
    """Trusts the service's key, made where there is none, in a new installation: in an older one a person does.

    Raises:
        RegistryError: the key or the trust folder cannot be read or written.
    """
    key = service_key(settings)
    trust_key(
        settings, key.name, key.public_key, (_ROLE,), now=now, reason="signs checkpoints of the journal"
    )


def is_service_key_trusted(settings: Settings) -> bool:
    """Whether somebody said which key is the service's."""
    return bool(trusted_service_keys(settings))
