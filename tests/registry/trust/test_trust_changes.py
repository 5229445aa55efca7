"""Changes of people before and after the founding: what is asked twice, what the entry says, what a failure leaves."""

import getpass
import json
from pathlib import Path

import pytest

from registry.digests import canonical_json, sha256_bytes
from registry.errors import PolicyError, RegistryError, TrustError
from registry.policy.board_policy import default_policy
from registry.record.database import opened_database
from registry.record.journal import Entry, entries
from registry.settings import Settings
from registry.trust.keys import Key, create_key
from registry.trust.policy_in_force import policy_in_force, policy_of_digest, policy_of_file
from registry.trust.trust_changes import PENDING, found_trust, put_in_force, retire_key, trust_key
from registry.trust.trust_store import load_trust, trust_digest
from tests.support.installation import Installation, after
from tests.support.releasing import board_policy

NOW = after(0)


@pytest.fixture
def people(tmp_path: Path) -> dict[str, Key]:
    """Keys by name."""
    return {name: create_key(name, tmp_path / f"{name}.key") for name in ("Ada Roux", "Bob Noir", "Cid Vert")}


@pytest.fixture
def new(tmp_path: Path) -> Settings:
    """A home in which nobody is trusted yet."""
    return Settings(home=tmp_path / "home")


def _trust(settings: Settings, key: Key, *roles: str, **options: object) -> bool:
    found = trust_key(settings, key.name, key.public_key, roles or ("board",), now=NOW, **options)  # type: ignore[arg-type]
    assert found.present == load_trust(settings.trust)
    return found.made


def _entries(settings: Settings) -> list[Entry]:
    with opened_database(settings.database) as engine, engine.connect() as connection:
        return list(entries(connection))


def _standing(settings: Settings) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(k.name, k.roles, k.retired) for k in load_trust(settings.trust).keys]


def test_the_first_key_makes_the_folder_and_is_entered(new: Settings, people: dict[str, Key]) -> None:
    """By the account of the machine, with the digest of the file that stands then."""
    ada = people["Ada Roux"]
    assert _trust(new, ada, "board", "clinician", reason="elected")
    assert not load_trust(new.trust).demo
    assert load_trust(new.trust).policy_digest == default_policy().digest
    (entry,) = _entries(new)
    assert dict(entry.subjects) == {
        "name": "Ada Roux",
        "public_key": ada.public_key,
        "roles": "board, clinician",
        "trust_digest": sha256_bytes((new.trust / "trust.json").read_bytes()),
    }
    assert (entry.action, entry.reason) == ("trust key", "elected")
    assert entry.actor == f"account {getpass.getuser()}"


def test_asked_again_nothing_is_done(new: Settings, people: dict[str, Key]) -> None:
    """In whichever order the roles are said: neither the file nor the journal changes."""
    _trust(new, people["Ada Roux"], "board", "clinician")
    before = (new.trust / "trust.json").read_bytes()
    assert not _trust(new, people["Ada Roux"], "clinician", "board")
    assert not _trust(new, people["Ada Roux"], "clinician", "board", replacing=True)
    assert ((new.trust / "trust.json").read_bytes(), len(_entries(new))) == (before, 1)


def test_what_is_there_is_changed_only_where_that_is_asked_for(new: Settings, people: dict[str, Key]) -> None:
    """Roles, a name, a retired key that would sign again: each is said, and with what stood there it is entered."""
    ada = people["Ada Roux"]
    _trust(new, ada, "board")
    with pytest.raises(TrustError, match=r"Ada Roux has the roles board, not author\. If that is meant"):
        _trust(new, ada, "author")
    with pytest.raises(TrustError, match=r"the key is Ada Roux's, whose place Eve Brun would take"):
        trust_key(new, "Eve Brun", ada.public_key, ("board",), now=NOW)
    with pytest.raises(TrustError, match=r"changed: the key is Ada Roux's\. If"):
        trust_key(new, "Roux Ada", ada.public_key, ("board",), now=NOW)
    retire_key(new, "Ada Roux", now=NOW)
    with pytest.raises(TrustError, match=r"changed: the key is retired, and would sign again\. If"):
        _trust(new, ada, "board")
    assert _standing(new) == [("Ada Roux", ("board",), True)]
    assert _trust(new, ada, "author", replacing=True)
    assert _standing(new) == [("Ada Roux", ("author",), False)]
    assert [entry.subjects.get("before") for entry in _entries(new)] == [None, *["Ada Roux: board"] * 2]


def test_the_entry_says_what_the_very_key_was_before(new: Settings, people: dict[str, Key]) -> None:
    """And nothing of another key; of a new one there is nothing to say."""
    _trust(new, people["Ada Roux"], "board")
    _trust(new, people["Bob Noir"], "author")
    _trust(new, people["Bob Noir"], "releaser", replacing=True)
    retire_key(new, "Ada Roux", now=NOW, taking_out=True, reason="stolen")
    found = _entries(new)
    assert [entry.subjects.get("before") for entry in found] == [
        None,
        None,
        "Bob Noir: author",
        "Ada Roux: board",
    ]
    assert (found[3].action, found[3].reason, found[3].subjects["name"]) == (
        "take key out",
        "stolen",
        "Ada Roux",
    )
    assert _standing(new) == [("Bob Noir", ("releaser",), False)]
    retire_key(new, "Bob Noir", now=NOW)
    assert _entries(new)[-1].action == "retire key"
    assert _standing(new) == [("Bob Noir", ("releaser",), True)]


@pytest.mark.parametrize("taking_out", [False, True])
def test_nobody_of_that_name_is_said(new: Settings, people: dict[str, Key], *, taking_out: bool) -> None:
    """Else somebody would believe a stolen key out of use."""
    _trust(new, people["Ada Roux"])
    with pytest.raises(TrustError, match="Nobody in the trust folder is called Ada Rous"):
        retire_key(new, "Ada Rous", now=NOW, taking_out=taking_out)
    assert len(_entries(new)) == 1


@pytest.mark.parametrize("ask", ["role", "name", "key"])
def test_what_may_not_be_is_refused_before_a_folder_is_made(
    new: Settings, people: dict[str, Key], ask: str
) -> None:
    """A slip of the keyboard leaves no installation behind."""
    key = people["Ada Roux"].public_key
    roles, name = ("board",) if ask != "role" else ("root",), "Ada Roux" if ask != "name" else "../x"
    with pytest.raises(TrustError):
        trust_key(new, name, "AAAA" if ask == "key" else key, roles, now=NOW)
    assert not new.trust.exists()


def test_a_change_whose_entry_fails_is_none(new: Settings, people: dict[str, Key], tmp_path: Path) -> None:
    """The file is as it was; the first of all leaves no file."""
    broken = new.model_copy(update={"database_url": f"sqlite:///{tmp_path}"})
    with pytest.raises(RegistryError, match="cannot be opened"):
        _trust(broken, people["Ada Roux"])
    assert not (new.trust / "trust.json").exists()
    _trust(new, people["Ada Roux"])
    before = (new.trust / "trust.json").read_bytes()
    with pytest.raises(RegistryError, match="cannot be opened"):
        _trust(broken, people["Bob Noir"])
    assert (new.trust / "trust.json").read_bytes() == before


def test_a_change_that_is_entered_and_not_written_is_taken_back(
    new: Settings, people: dict[str, Key]
) -> None:
    """The disk fails after the entry and before the commit: neither is there."""
    _trust(new, people["Ada Roux"])
    before = (new.trust / "trust.json").read_bytes()
    (new.trust / "policy.toml").mkdir()
    with pytest.raises(OSError, match="policy"):
        put_in_force(new, board_policy(approvals="3"), now=NOW)
    assert (new.trust / "trust.json").read_bytes() == before
    assert len(_entries(new)) == 1


@pytest.mark.parametrize("error", [KeyError("uid"), OSError("no name")])
def test_an_account_without_a_name_can_change_people(
    new: Settings, people: dict[str, Key], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """In a container a number may be all that there is."""

    def nobody() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nobody)
    _trust(new, people["Ada Roux"])
    assert _entries(new)[0].actor == "account unknown"


class TestFounded:
    """Where a quorum signs each change."""

    @pytest.fixture
    def founded(self, new: Settings, people: dict[str, Key]) -> Settings:
        """Three members founded it."""
        for key in people.values():
            _trust(new, key, "board")
        with pytest.raises(TrustError, match="changed yet: 3 more members"):
            found_trust(new, now=NOW, signers=[])
        assert not (new.trust / PENDING).exists()
        found_trust(new, now=NOW, signers=list(people.values()), reason="assembly")
        return new

    def test_the_entry_has_the_digest_of_what_was_signed(
        self, founded: Settings, people: dict[str, Key]
    ) -> None:
        """From the founding on; before it there is none."""
        retire_key(founded, "Cid Vert", now=NOW, signers=list(people.values())[:2])
        statements = load_trust(founded.trust).statements
        found = _entries(founded)
        assert ["statement_digest" in entry.subjects for entry in found] == [False, False, False, True, True]
        assert [entry.action for entry in found[3:]] == ["found trust", "retire key"]
        assert found[3].reason == "assembly"
        for entry, statement in zip(found[3:], statements, strict=True):
            assert entry.subjects["statement_digest"] == sha256_bytes(canonical_json(statement))
        assert found[4].subjects["trust_digest"] == trust_digest(load_trust(founded.trust))

    def test_a_retired_member_counts_for_no_quorum(self, founded: Settings, people: dict[str, Key]) -> None:
        """Neither as a signature nor as a seat: two are left, and neither may leave."""
        ada, bob, cid = people.values()
        retire_key(founded, "Cid Vert", now=NOW, signers=[ada, bob])
        dan = create_key("Dan Bleu", founded.home / "dan.key")
        with pytest.raises(TrustError, match="no member of the board"):
            _trust(founded, dan, "author", signers=[ada, cid])
        with pytest.raises(TrustError, match="would have 1 members, and a quorum is 2"):
            retire_key(founded, "Bob Noir", now=NOW, signers=[ada, bob])

    def test_asked_again_it_needs_no_signature(self, founded: Settings, people: dict[str, Key]) -> None:
        """Nothing is changed."""
        assert not _trust(founded, people["Ada Roux"], "board")
        assert len(load_trust(founded.trust).statements) == 1

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"body":1}', b'{"signatures":[]}'])
    def test_signatures_kept_in_a_broken_file_count_for_nothing(
        self, founded: Settings, people: dict[str, Key], content: bytes
    ) -> None:
        """And are in nobody's way."""
        ada, bob, _ = people.values()
        (founded.trust / PENDING).write_bytes(content)
        with pytest.raises(TrustError, match="1 given and kept, 1 more member"):
            retire_key(founded, "Cid Vert", now=NOW, signers=[ada])
        kept = json.loads((founded.trust / PENDING).read_bytes())
        assert [s["name"] for s in kept["signatures"]] == ["Ada Roux"]
        retire_key(founded, "Cid Vert", now=NOW, signers=[bob])

    def test_a_stricter_policy_asks_for_its_own_quorum(
        self, founded: Settings, people: dict[str, Key]
    ) -> None:
        """From the next change on three sign; its text is kept, and the entry names what was before."""
        ada, bob, _ = people.values()
        policy = board_policy(quorum="3")
        put_in_force(founded, policy, now=NOW, signers=[ada, bob])
        assert policy_in_force(founded.trust) == policy
        entry = _entries(founded)[-1]
        expected = {"policy_digest": policy.digest, "before": default_policy().digest}
        assert dict(entry.subjects).items() >= expected.items()
        assert entry.subjects["policy"] == policy.document.name
        dan = create_key("Dan Bleu", founded.home / "dan.key")
        with pytest.raises(TrustError, match="2 given and kept, 1 more member"):
            _trust(founded, dan, "author", signers=[ada, bob])

    def test_a_looser_policy_is_never_put_in_force(self, founded: Settings, people: dict[str, Key]) -> None:
        """Whoever signs."""
        with pytest.raises(PolicyError, match="stricter, not looser"):
            put_in_force(founded, board_policy(approval_days="365"), now=NOW, signers=list(people.values()))
        assert policy_in_force(founded.trust) == default_policy()


class TestPolicyTexts:
    """Where the text of a policy is read from."""

    def test_without_a_trust_file_it_is_the_one_that_ships(self, tmp_path: Path) -> None:
        """And where that is in force, no text beside it is read."""
        assert policy_in_force(tmp_path) == default_policy()
        (tmp_path / "policy.toml").write_bytes(b"no policy")
        assert policy_of_digest(tmp_path, default_policy().digest) == default_policy()

    def test_a_text_is_the_one_that_was_signed(self, tmp_path: Path) -> None:
        """Another, none, or a looser one is refused, whoever signed it."""
        strict, looser = board_policy(approvals="3"), board_policy(approval_days="365")
        with pytest.raises(PolicyError, match="is not in"):
            policy_of_digest(tmp_path, strict.digest)
        (tmp_path / "policy.toml").write_bytes(strict.content)
        assert policy_of_digest(tmp_path, strict.digest) == strict
        with pytest.raises(PolicyError, match="is not in"):
            policy_of_digest(tmp_path, looser.digest)
        (tmp_path / "policy.toml").write_bytes(looser.content)
        with pytest.raises(PolicyError, match="stricter, not looser"):
            policy_of_digest(tmp_path, looser.digest)

    def test_a_file_of_a_policy_is_read_or_refused_in_words(self, tmp_path: Path) -> None:
        """Missing, looser, or good."""
        path = tmp_path / "p.toml"
        with pytest.raises(PolicyError, match="cannot be read"):
            policy_of_file(path)
        path.write_bytes(board_policy(approval_days="365").content)
        with pytest.raises(PolicyError, match="stricter, not looser"):
            policy_of_file(path)
        path.write_bytes(board_policy(approvals="3").content)
        assert policy_of_file(path) == board_policy(approvals="3")


def test_a_founding_by_too_few_is_kept_for_the_others(installation: Installation) -> None:
    """One after the other, each where their key is; asked for again it is done already."""
    settings = installation.settings
    board = [installation.people["ada"], installation.people["bob"]]
    with pytest.raises(TrustError, match="fixed already"):
        found_trust(settings, now=NOW, signers=board)
    assert len(load_trust(settings.trust).statements) == 1
