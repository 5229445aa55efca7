"""What a killed release leaves, mended by the next command: a release that is whole but not in use becomes complete.

A release is in use once the lowest acceptable number has risen to its own, which happens last. Killed before that, it
is not served; its entry is written if the journal has none, and its number rises, before anything else is done.
"""

from datetime import datetime

from sqlalchemy import Connection

from hospital.times import instant
from hospital.words.messages import message
from registry.candidates.candidates import Candidate
from registry.candidates.standing_reviews import standing_refusals
from registry.record.database import opened_database, writing
from registry.record.journal import about, append
from registry.releases.journal_entry import subjects_of
from registry.releases.release import Link, refusal
from registry.releases.release_chain import read_chain
from registry.releases.releases import verify_release
from registry.settings import Settings
from registry.trust.trust_store import save_trust
from registry.trust.trusted_people import Trust

__all__ = ["mend"]


def mend(
    settings: Settings, model: str, trust: Trust, now: datetime
) -> tuple[Trust, list[Link], Link | None]:
    """Completes what was killed; the trust folder must be held.

    Args:
        settings: of the installation.
        model: whose releases.
        trust: as it stands.
        now: when.

    Returns:
        The trust file as it stands now, the chain, and the release that was completed; None: there was none.

    Raises:
        ReleaseError: a release that is not in use does not verify: which, and what to do.
    """
    links = read_chain(settings, model, trust)
    unused = links[trust.lowest_release.get(model, 0) :]
    with opened_database(settings.database) as engine, writing(engine) as connection:
        for link in unused:
            verify_release(settings, model, link, trust, entered=instant(now))
            _require_unrefused(settings, connection, link, trust)
        for link in unused or links[-1:]:
            _write_down(connection, link, now)
    if unused:
        trust = trust.with_floor(model, unused[-1].number)
        save_trust(settings.trust, trust)
    return trust, links, unused[-1] if unused else None


def _require_unrefused(settings: Settings, connection: Connection, link: Link, trust: Trust) -> None:
    """Raises ReleaseError where a member refused what is to be completed: a command would not have made it."""
    model, version = str(link.body["model"]), str(link.body["version"])
    found = Candidate(model, version, settings.candidates / model / version)
    names = standing_refusals(connection, found, str(link.body["package_digest"]), trust)
    if names and not about(connection, subjects_of(link)):
        why = message("trust_errors.vouching.refused", names=", ".join(names))
        raise refusal(model, link.number, "faulty", faults=(why,))


def _write_down(connection: Connection, link: Link, now: datetime) -> None:
    """Writes the entry of a release whose command was killed before it was committed."""
    if about(connection, subjects_of(link)):
        return
    reason = "released, but the journal had no entry: the release was killed before it was committed"
    append(
        connection, actor=link.releaser, action="recover", subjects=subjects_of(link), reason=reason, now=now
    )
