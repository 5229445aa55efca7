"""Protocols of an installation: added, reviewed and put in use by different people, and nothing replaced silently."""

from datetime import date
from pathlib import Path

import pytest

from centre.practice.protocol_store import ProtocolStore, ProtocolStoreError
from registry.policy.board_policy import default_policy
from tests.centre.practice.protocol_texts import protocol_text
from tests.support.installation import Installation, after
from tests.support.releasing import actions
from tests.support.stored_protocols import DAY, add, approve, in_use, use


@pytest.fixture
def store(installation: Installation) -> ProtocolStore:
    """The store of a home with people who are trusted."""
    return ProtocolStore(installation.settings, default_policy())


def test_a_version_is_in_use_once_three_kinds_of_people_signed(
    store: ProtocolStore, installation: Installation
) -> None:
    """Added, approved twice and put in use, each an entry of the journal; before that, nothing applies."""
    add(store, installation)
    assert in_use(store) == []
    approve(store, installation, "ada", "bob")
    assert in_use(store) == []
    use(store, installation)
    assert in_use(store) == [1]
    (one,) = store.in_use(DAY)
    assert (one.author, one.approvals, one.refusals) == ("author", ("ada", "bob"), ())
    assert actions(installation) == [
        ("author", "protocol added"),
        ("ada", "protocol approve"),
        ("bob", "protocol approve"),
        ("releaser", "protocol in use"),
    ]


def test_a_new_version_replaces_nothing_until_somebody_puts_it_in_use(
    store: ProtocolStore, installation: Installation
) -> None:
    """Added and approved, it waits; what is in use stays."""
    for version in (1, 2):
        add(store, installation, version)
        approve(store, installation, "ada", "bob", version=version)
        if version == 1:
            use(store, installation)
    assert in_use(store) == [1]
    use(store, installation, 2)
    assert in_use(store) == [2]


def test_what_lacks_is_said_at_once(store: ProtocolStore, installation: Installation) -> None:
    """One approval of two, a refusal, a validity that is over."""
    content = protocol_text(version="1", valid_until="2026-02-28").encode()
    store.add(content, installation.people["author"], now=after(0))
    approve(store, installation, "ada")
    approve(store, installation, "bob", decision="refuse")
    with pytest.raises(ProtocolStoreError) as error:
        use(store, installation)
    for part in ("1 of 2 approvals", "bob refused it", "to 2026-02-28, not on 2026-03-01"):
        assert part in str(error.value)
    assert ("releaser", "protocol in use") not in actions(installation)


def test_a_refusal_after_release_takes_it_out_of_use(
    store: ProtocolStore, installation: Installation
) -> None:
    """The latest word of a member counts."""
    add(store, installation)
    approve(store, installation, "ada", "bob")
    use(store, installation)
    approve(store, installation, "bob", decision="refuse")
    assert in_use(store) == []


@pytest.mark.parametrize(
    ("who", "does", "words"),
    [
        ("stranger", "add", "cannot be signed"),
        ("ada", "add", "cannot be signed"),
        ("author", "review", "cannot be signed"),
        ("stranger", "review", "cannot be signed"),
        ("ada", "use", "cannot be signed"),
        ("author", "use", "cannot be signed"),
    ],
)
def test_whoever_may_not_does_nothing(
    store: ProtocolStore, installation: Installation, who: str, does: str, words: str
) -> None:
    """No entry, no file."""
    if does != "add":
        add(store, installation)
        approve(store, installation, "ada", "bob")
    before = actions(installation)
    files = sorted(installation.settings.home.glob("protocols/**/*"))
    attempts = {
        "add": lambda: add(store, installation, who=who),
        "review": lambda: approve(store, installation, who),
        "use": lambda: use(store, installation, who=who),
    }
    with pytest.raises(ProtocolStoreError, match=words):
        attempts[does]()
    assert actions(installation) == before
    assert sorted(installation.settings.home.glob("protocols/**/*")) == files


def test_nothing_that_was_written_is_replaced(store: ProtocolStore, installation: Installation) -> None:
    """The same version with other bytes, or an earlier one, is refused, and the next number is named."""
    add(store, installation, 2)
    for version in (2, 1):
        with pytest.raises(ProtocolStoreError, match="Give this one the version 3"):
            add(store, installation, version)


def test_a_changed_byte_is_in_use_no_longer(store: ProtocolStore, installation: Installation) -> None:
    """What was signed is what is read."""
    add(store, installation)
    approve(store, installation, "ada", "bob")
    use(store, installation)
    path: Path = installation.settings.home / "protocols" / "reserve-beds" / "1" / "protocol.md"
    path.write_text(path.read_text("utf-8").replace("gestionnaire", "directeur"), "utf-8")
    assert in_use(store) == []
    assert store.versions() == []


def test_what_is_valid_ends_with_its_last_day(store: ProtocolStore, installation: Installation) -> None:
    """Nobody has to remember it."""
    add(store, installation)
    approve(store, installation, "ada", "bob")
    use(store, installation)
    assert in_use(store, date(2026, 12, 31)) == [1]
    assert in_use(store, date(2027, 1, 1)) == []


@pytest.mark.parametrize("protocol_id", ["../trust", "", "A", "a/b", "reserve-beds/1"])
def test_an_id_is_no_path(store: ProtocolStore, protocol_id: str) -> None:
    """Names lead nowhere else."""
    with pytest.raises(ProtocolStoreError):
        store.version(protocol_id, 1)
