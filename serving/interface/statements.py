"""What people sign and the journal keeps: keys, whom an installation trusts, its policy in force, entries."""

from hospital.times import instant, moment
from hospital.words.messages import Message, message
from registry.errors import RegistryError, SignatureError
from registry.policy.board_policy import Policy
from registry.record.database import opened_database, writing
from registry.record.journal import append
from registry.record.tables.record_tables import journal
from registry.settings import Settings
from registry.trust.keys import Key, Signed
from registry.trust.policy_in_force import policy_in_force
from registry.trust.trust_store import load_trust
from registry.trust.trusted_people import Trust

__all__ = [
    "Key",
    "Message",
    "Policy",
    "RegistryError",
    "Settings",
    "SignatureError",
    "Signed",
    "Trust",
    "append",
    "instant",
    "journal",
    "load_trust",
    "message",
    "moment",
    "opened_database",
    "policy_in_force",
    "writing",
]
