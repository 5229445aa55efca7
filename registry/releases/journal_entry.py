"""What the journal says of releases: when each was really made, what was refused before, which policy came when.

A release.json is signed by one person, who may date it back to when approvals still counted; the lowest acceptable
number and the last release of before a policy stand in the trust file without a signature. The entries are written when
it happens, and stand in a chain under checkpoints.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from registry.candidates.candidates import SIGNED_FILES
from registry.candidates.standing_reviews import DECISIONS, last_decisions
from registry.errors import RegistryError
from registry.record.database import existing_database
from registry.record.journal import Entry, entries_of
from registry.releases.release import Link
from registry.settings import Settings

__all__ = ["ReleaseRecord", "Signs", "release_record", "subjects_of"]

_RELEASED = ("promote", "roll back", "recover")
_POLICY, _RESTORED = "put policy in force", "accept restore"
_RETIRED = "retire key"
_READ = (*_RELEASED, *DECISIONS, _POLICY, _RESTORED, _RETIRED)
Signs = Callable[[str, str, Mapping[str, str]], bool]


@dataclass(frozen=True)
class ReleaseRecord:
    """Entries of releases, reviews, policies and retirements, in order."""

    entries: Sequence[Entry]

    def of(self, link: Link) -> Entry | None:
        """The first entry of a release; None: there is none."""
        subjects = subjects_of(link)
        return next((e for e in self.entries if e.action in _RELEASED and e.subjects == subjects), None)

    def newest(self, model: str) -> int:
        """Number of the newest release of a model that was entered; 0: none."""
        numbers = [
            e.subjects.get("sequence", "") for e in self.entries if e.action in _RELEASED and _of(e, model)
        ]
        return max((int(number) for number in numbers if number.isdecimal()), default=0)

    def refusals(self, link: Link, signed: Signs) -> list[str]:
        """Who had refused a release's version or package when its entry was written, and not taken that back.

        Args:
            signed: whether a review that an entry names is that person's (see `standing_reviews.last_decisions`).
        """
        entry, body = self.of(link), link.body
        acts = []
        for e in self.entries:
            if entry is not None and e.seq > entry.seq:
                break
            same = [e.subjects.get(field) == body[field] for field in ("version", "package_digest")]
            if e.action in DECISIONS and _of(e, str(body["model"])) and any(same):
                acts.append((e.actor, e.action, e.subjects))
        said = last_decisions(acts, signed)
        return sorted(name for name, decision in said.items() if decision == "refuse")

    def precedes(self, link: Link, policy_digest: str) -> bool:
        """Whether a release was entered before a policy came in force; where the board accepted that entries are lost,
        they are not asked for.
        """
        policies = [
            e.seq
            for e in self.entries
            if e.action == _POLICY and e.subjects.get("policy_digest") == policy_digest
        ]
        if not policies:
            return any(e.action == _RESTORED for e in self.entries)
        entry = self.of(link)
        return entry is not None and entry.seq < policies[-1]

    def number_of_statement(self, digest: str) -> int | None:
        """Number of the entry of a retirement, by the digest of the statement that signed it; None: there is none."""
        retired = (e for e in self.entries if e.action == _RETIRED)
        return next((e.seq for e in retired if e.subjects.get("statement_digest") == digest), None)


def release_record(settings: Settings) -> ReleaseRecord | None:
    """What the journal of an installation says; None while it cannot be read.

    A service whose database does not answer goes on by what is signed: its journal is held against it at the next look.
    """
    try:
        with existing_database(settings.database) as engine, engine.connect() as connection:
            return _record(connection)
    except (SQLAlchemyError, RegistryError):
        return None


def _record(connection: Connection) -> ReleaseRecord:
    return ReleaseRecord(tuple(entries_of(connection, _READ)))


def subjects_of(link: Link) -> dict[str, str]:
    """What an entry about a release names."""
    fields = ("model", "version", "sequence", "package_digest", *SIGNED_FILES)
    return {field: str(link.body[field]) for field in fields} | {"release_digest": link.digest}


def _of(entry: Entry, model: str) -> bool:
    return entry.subjects.get("model") == model
