"""What the journal says of releases, by entries made by hand: which is whose, who had refused it, which came first."""

from collections.abc import Mapping
from typing import Any

import pytest

from registry.record.journal import Entry
from registry.releases.journal_entry import ReleaseRecord, release_record, subjects_of
from registry.releases.release import Link
from registry.settings import Settings
from registry.trust.keys import Signed
from tests.support.installation import Installation
from tests.support.releasing import promote_version

PACKAGE, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
POLICY = "sha256:" + "3" * 64


def _link(number: int = 2, **body: Any) -> Link:
    """A release of version 2 of wait-time."""
    whole = {"model": "wait-time", "version": "2", "sequence": number, "package_digest": PACKAGE}
    whole |= {"card_digest": "c", "policy_digest": POLICY, "report_digest": "r", "check_digest": "k"}
    return Link(number, Signed(whole | body, "releaser", "", "", ""), "releaser", f"sha256:{number}")


def _record(*acts: tuple[str, str, dict[str, str]]) -> ReleaseRecord:
    """Entries numbered from 1: who, what, about what."""
    entries = [
        Entry(n, n * 10, actor, action, subjects, "", "", "", "")
        for n, (actor, action, subjects) in enumerate(acts, 1)
    ]
    return ReleaseRecord(tuple(entries))


def _about(**more: str) -> dict[str, str]:
    return {"model": "wait-time", "version": "2", "package_digest": PACKAGE, **more}


def _released(number: int = 2, action: str = "promote", **more: str) -> tuple[str, str, dict[str, str]]:
    return "releaser", action, subjects_of(_link(number)) | more


def test_an_entry_names_all_that_a_release_is() -> None:
    """By digests, and as texts: of another file, number or version it is another's."""
    assert subjects_of(_link()) == {
        "model": "wait-time",
        "version": "2",
        "sequence": "2",
        "package_digest": PACKAGE,
        "card_digest": "c",
        "policy_digest": POLICY,
        "report_digest": "r",
        "check_digest": "k",
        "release_digest": "sha256:2",
    }


@pytest.mark.parametrize("action", ["promote", "roll back", "recover"])
def test_a_release_has_the_first_entry_that_is_exactly_about_it(action: str) -> None:
    """However it was made; a later one of the same cannot date it anew, and a review about it is none."""
    decided = ("ada", "approve", subjects_of(_link()))
    record = _record(decided, _released(1), _released(2, action), _released(2))
    found = record.of(_link())
    assert found is not None
    assert (found.seq, found.at) == (3, 30)
    assert _record(decided, _released(2, release_digest="sha256:9")).of(_link()) is None
    assert _record().of(_link()) is None


def test_the_newest_release_is_the_highest_number_that_was_entered() -> None:
    """Of that model; what is no number counts for nothing, and where there is no entry there is none."""
    record = _record(_released(2), _released(11, "roll back"), _released(3, "recover"))
    assert record.newest("wait-time") == 11
    assert record.newest("bed-demand") == 0
    assert (
        _record(_released(2), _released(3, sequence="x"), ("a", "promote", {"model": "wait-time"})).newest(
            "wait-time"
        )
        == 2
    )
    assert _record(("a", "approve", subjects_of(_link(5)))).newest("wait-time") == 0


@pytest.mark.parametrize(
    ("acts", "names"),
    [
        ([("cid", "refuse", _about())], ["cid"]),
        ([("cid", "refuse", _about(package_digest=OTHER))], ["cid"]),  # that version, with other files
        ([("cid", "refuse", _about(version="9"))], ["cid"]),  # that package, under another number
        ([("cid", "refuse", _about(version="9", package_digest=OTHER))], []),
        ([("cid", "refuse", _about(model="bed-demand"))], []),
        ([("cid", "approve", _about())], []),
        ([("cid", "refuse", _about()), ("cid", "approve", _about())], []),
        ([("cid", "refuse", _about()), ("cid", "withdraw", _about())], []),
        ([("cid", "refuse", _about()), ("bob", "withdraw", _about())], ["cid"]),
        ([("cid", "approve", _about()), ("cid", "refuse", _about())], ["cid"]),
        ([("cid", "refuse", _about()), ("bob", "refuse", _about())], ["bob", "cid"]),
        ([("cid", "stop", _about())], []),
    ],
)
def test_who_had_refused_a_release_before_it_was_made(
    acts: list[tuple[str, str, dict[str, str]]], names: list[str]
) -> None:
    """And had not taken it back by then: what is refused or taken back later changes nothing of how it was made."""
    assert _record(*acts, _released()).refusals(_link(), _signed) == names
    assert _record(*acts).refusals(_link(), _signed) == names  # not entered yet
    later = ("dan", "refuse", _about())
    assert (
        _record(*acts, _released(), later, ("cid", "withdraw", _about())).refusals(_link(), _signed) == names
    )


def _signed(name: str, decision: str, subjects: Mapping[str, str]) -> bool:
    """Whatever an entry names is there and signed."""
    return True


def _in_force(digest: str = POLICY) -> tuple[str, str, dict[str, str]]:
    return "account vigie", "put policy in force", {"policy_digest": digest}


def test_a_release_precedes_the_policy_that_came_after_its_entry() -> None:
    """Put in force again it is the last time that counts; without an entry of its own nothing precedes."""
    assert _record(_released(), _in_force()).precedes(_link(), POLICY)
    assert not _record(_in_force(), _released()).precedes(_link(), POLICY)
    assert _record(_in_force(), _released(), _in_force()).precedes(_link(), POLICY)
    assert not _record(_released(1), _in_force()).precedes(_link(), POLICY)


def test_a_policy_without_an_entry_lets_nothing_precede_unless_the_board_accepted_a_loss() -> None:
    """Of entries: then nobody can say any more when it came."""
    assert not _record(_released()).precedes(_link(), POLICY)
    assert not _record(_released(), _in_force(OTHER)).precedes(_link(), POLICY)
    restored = ("ada", "accept restore", {})
    assert _record(_released(), restored).precedes(_link(), POLICY)
    assert not _record(restored, _in_force(), _released()).precedes(_link(), POLICY)


def test_the_record_is_read_from_the_journal_and_is_unknown_where_there_is_none(
    installation: Installation,
) -> None:
    """Unknown is not empty: an empty one would say that nothing was ever released."""
    installation.approved()
    release = promote_version(installation)
    record = release_record(installation.settings)
    assert record is not None
    assert {e.action for e in record.entries} >= {"approve", "promote"}
    assert release.link is not None
    entry = record.of(release.link)
    assert entry is not None
    assert (entry.actor, record.newest("wait-time")) == ("releaser", 1)
    assert release_record(Settings(home=installation.settings.home / "elsewhere")) is None
    (installation.settings.home / "vigie.db").write_bytes(b"no database at all" * 100)
    assert release_record(installation.settings) is None
