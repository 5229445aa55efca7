"""A signed file of a protocol that was taken away brings nothing back in silence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from centre.practice.protocol_store import ProtocolStore
from cli.journal_verification import edited_rows
from hospital.words.messages import Foreign
from registry.policy.board_policy import default_policy
from registry.record.database import opened_database
from registry.record.protocol_audit import edited
from tests.support.installation import Installation
from tests.support.stored_protocols import add, approve, in_use, use

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture
def store(installation: Installation) -> ProtocolStore:
    """Two versions, the second in use in place of the first; and a third that bob refused."""
    store = ProtocolStore(installation.settings, default_policy())
    for version in (1, 2):
        add(store, installation, version)
        approve(store, installation, "ada", "bob", version=version)
        use(store, installation, version)
    add(store, installation, 3)
    approve(store, installation, "ada", version=3)
    approve(store, installation, "bob", version=3, decision="refuse")
    assert in_use(store) == [2]
    return store


def faults(installation: Installation) -> list[str]:
    """What `verify` says of protocols."""
    with opened_database(installation.settings.database) as engine, engine.connect() as connection:
        found = [fault.message for fault in edited(connection, installation.settings.home / "protocols")]
        assert set(found) <= {fault.message for fault in edited_rows(connection, installation.settings)}
    return found


def newest_use(folder: Path) -> Path:
    """The file of the last use."""
    return folder / "uses" / "0002.json"


DAMAGES: dict[str, tuple[Callable[[Path], object], str, list[int]]] = {
    "the newest use gone": (
        lambda f: newest_use(f).unlink(),
        "protocol in use' ('reserve-beds' version 2",
        [1],
    ),
    "the newest use damaged": (
        lambda f: newest_use(f).write_bytes(b"{"),
        "protocol in use' ('reserve-beds'",
        [],
    ),
    "a use of before in its place": (
        lambda f: newest_use(f).write_bytes((f / "uses" / "0001.json").read_bytes()),
        "protocol in use' ('reserve-beds' version 2",
        [1],
    ),
    "a refusal gone": (
        lambda f: (f / "3" / "reviews" / "0002.json").unlink(),
        "protocol refuse' ('reserve-beds' version 3, by 'bob')",
        [2],
    ),
    "the version gone": (
        lambda f: (f / "2" / "added.json").unlink(),
        "protocol added' ('reserve-beds' version 2",
        [],
    ),
}


def test_as_it_was_made_nothing_is_wrong(store: ProtocolStore, installation: Installation) -> None:
    """Each entry has its file."""
    assert faults(installation) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_taken_away_is_named(store: ProtocolStore, installation: Installation, damage: str) -> None:
    """The version of before was in use again, also where the newest use is only damaged, and nothing said so."""
    change, words, left = DAMAGES[damage]
    change(installation.settings.home / "protocols" / "reserve-beds")
    assert in_use(store) == left
    (found,) = faults(installation)
    assert words in found
    assert "is gone, or was changed" in found
    assert "a disparu, ou a été modifié" in Foreign(found, "audit", "faults").words("fr")
