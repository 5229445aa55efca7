"""Exceptions of `registry`.

VigieError
└── RegistryError
    ├── PackageError       a model package that does not verify or cannot be read
    ├── RowError           rows that a model cannot forecast (all faults at once)
    ├── SnapshotError      a sealed data snapshot that is missing or was changed
    ├── KeyFileError       a key file that cannot be used
    ├── SignatureError     a signature that is not one, or of somebody who may not sign this
    ├── TrustError         the trust folder is missing, broken or forbids what was asked
    ├── PolicyError        a policy that may not be used (all faults at once)
    ├── CandidateError     a candidate that is missing or not in the state that was asked of it
    ├── ReviewError        a review that may not be given
    ├── PromotionError     a version that may not be released (all reasons at once)
    ├── ReleaseError       a release that does not verify
    ├── StoreError         MLflow's store cannot be used
    ├── JournalError       the journal cannot do what was asked of it
    ├── CheckpointError    a checkpoint cannot be signed or read
    ├── MonitorError       what is monitored after a release cannot be, or an alarm cannot be acknowledged
    ├── BulkError          a file of many explanations cannot be written, or would not add up
    └── TokenError         a token that is unknown, expired or revoked
"""

from hospital.errors import VigieError

__all__ = [
    "BulkError",
    "CandidateError",
    "CheckpointError",
    "JournalError",
    "KeyFileError",
    "MonitorError",
    "PackageError",
    "PolicyError",
    "PromotionError",
    "RegistryError",
    "ReleaseError",
    "ReviewError",
    "RowError",
    "SignatureError",
    "SnapshotError",
    "StoreError",
    "TokenError",
    "TrustError",
]


class RegistryError(VigieError):
    """Base of the registry's errors."""


class PackageError(RegistryError):
    """A model package does not verify or cannot be read."""


class RowError(RegistryError):
    """Rows that a model cannot forecast; all their faults at once."""


class SnapshotError(RegistryError):
    """A sealed data snapshot is missing or was changed."""


class KeyFileError(RegistryError):
    """A key file cannot be used."""


class SignatureError(RegistryError):
    """A signature is not one, or of somebody who may not sign this."""


class TrustError(RegistryError):
    """The trust folder is missing, broken or forbids what was asked."""


class PolicyError(RegistryError):
    """A policy may not be used; all its faults at once."""


class CandidateError(RegistryError):
    """A candidate is missing or not in the state that was asked of it."""


class ReviewError(RegistryError):
    """A review may not be given."""


class PromotionError(RegistryError):
    """A version may not be released; all reasons at once."""


class ReleaseError(RegistryError):
    """A release does not verify."""


class StoreError(RegistryError):
    """MLflow's store cannot be used."""


class JournalError(RegistryError):
    """The journal cannot do what was asked of it."""


class BulkError(RegistryError):
    """A file of many explanations cannot be written, or would not add up."""


class TokenError(RegistryError):
    """A token is unknown, expired or revoked."""


class CheckpointError(RegistryError):
    """The journal is not what was signed before, or the checkpoints' file cannot be read or written."""


class MonitorError(RegistryError):
    """What is monitored after a release cannot be, or an alarm cannot be acknowledged."""
