"""`vigie key trust` and `vigie policy`: they show, and change only when asked to, with an entry in the journal."""

import re
from pathlib import Path

import pytest

from cli.main import main
from registry.digests import sha256_file
from registry.policy.board_policy import default_policy
from registry.record.database import open_database
from registry.record.journal import Entry, entries
from registry.record.journal_audit import verify
from registry.settings import Settings
from registry.trust.keys import create_key
from registry.trust.policy_in_force import policy_in_force
from registry.trust.trust_store import load_trust, update_trust

pytestmark = pytest.mark.usefixtures("home", "english")


@pytest.fixture
def ada(tmp_path: Path) -> str:
    """Ada's public key."""
    return create_key("Ada", tmp_path / "ada.key").public_key


@pytest.fixture
def bob(tmp_path: Path) -> str:
    """Bob's public key."""
    return create_key("Bob", tmp_path / "bob.key").public_key


def journal(home: Path) -> list[Entry]:
    """Every entry, of a chain that is whole."""
    with open_database(Settings(home=home).database).connect() as connection:
        assert list(verify(connection)) == []
        return list(entries(connection))


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a verb that fails says."""
    capsys.readouterr()
    assert main([*arguments]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("verb", [["policy"], ["key", "trust"]], ids=" ".join)
def test_asked_without_anything_it_shows_and_writes_nothing(
    verb: list[str], home: Path, ada: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a home that is not there, and in one that is."""
    assert main(verb) == 0
    assert not home.exists()
    assert main(["key", "trust", "Ada", ada, "--role", "author"]) == 0
    trust, number = (home / "trust" / "trust.json").read_bytes(), len(journal(home))
    capsys.readouterr()
    assert main(verb) == 0
    said = capsys.readouterr().out
    assert ("Ada, author" in said) is (verb != ["policy"])
    assert (default_policy().digest in said) is (verb == ["policy"])
    assert (home / "trust" / "trust.json").read_bytes() == trust
    assert len(journal(home)) == number


@pytest.mark.parametrize("passphrase", [None, "long and secret"])
def test_the_public_half_of_a_key_is_printed_alone(
    passphrase: str | None,
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As `key trust` takes it, whatever the file's form; what is no key is an error, and no home is made."""
    monkeypatch.setenv("VIGIE_KEY_PASSPHRASE", passphrase or "")
    key = create_key("Cleo", tmp_path / "cleo.key", passphrase=passphrase)
    assert main(["key", "public", str(tmp_path / "cleo.key")]) == 0
    assert capsys.readouterr().out == f"{key.public_key}\n"
    (tmp_path / "none.key").touch(0o600)
    assert "is no key file" in refused(capsys, "key", "public", str(tmp_path / "none.key"))
    assert "check its path" in refused(capsys, "key", "public", str(tmp_path / "nowhere.key"))
    assert not home.exists()
    assert main(["key", "trust", "Cleo", key.public_key, "--role", "author"]) == 0


def test_a_key_is_trusted_in_the_journal_once(
    home: Path, ada: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Said again, nothing is changed and nothing is written."""
    for _ in range(2):
        assert main(["key", "trust", "Ada", ada, "--role", "author", "--reason", "she trains"]) == 0
    (entry,) = journal(home)
    assert entry.action == "trust key"
    assert entry.actor.startswith("account ")
    assert entry.reason == "she trains"
    assert entry.subjects == {
        "name": "Ada",
        "public_key": ada,
        "roles": "author",
        "trust_digest": sha256_file(home / "trust" / "trust.json"),
    }
    assert "nothing is changed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Ada", "{ada}", "--role", "board"], "Ada has the roles author, not board"),
        (["Ada", "{ada}", "--role", "author", "--role", "board"], "not author, board"),
        (["Bob", "{ada}", "--role", "author"], "the key is Ada's, whose place Bob would take"),
        (["ADA", "{ada}", "--role", "author"], "the key is Ada's"),
        (["Ada", "{bob}", "--role", "author"], "Another key is called Ada"),
        (["ada", "{bob}", "--role", "author"], "Another key is called Ada"),
        (["Ａｄａ", "{bob}", "--role", "author"], "Another key is called Ada"),
    ],
)
def test_nobody_takes_another_ones_place_silently(
    arguments: list[str], words: str, home: Path, ada: str, bob: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other roles, another name on a key, another key under a name however it is spelt: refused, nothing is written."""
    assert main(["key", "trust", "Ada", ada, "--role", "author"]) == 0
    before = load_trust(home / "trust")
    given = [a.format(ada=ada, bob=bob) for a in arguments]
    assert words in refused(capsys, "key", "trust", *given)
    assert load_trust(home / "trust") == before
    assert len(journal(home)) == 1


def test_a_name_stays_one_however_its_accents_are_written(
    home: Path, ada: str, bob: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An e with its accent beside it is the same name."""
    assert main(["key", "trust", "Zoé Marin", ada, "--role", "author"]) == 0
    assert "Another key is called" in refused(capsys, "key", "trust", "zoé  marin", bob, "--role", "board")


def test_what_is_meant_is_changed_and_said(home: Path, ada: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With --replace, and what stood before in the journal."""
    assert main(["key", "trust", "Ada", ada, "--role", "author"]) == 0
    assert main(["key", "trust", "Ada Martin", ada, "--role", "board", "--replace"]) == 0
    assert "before: Ada, author" in capsys.readouterr().out
    (key,) = load_trust(home / "trust").keys
    assert (key.name, key.roles) == ("Ada Martin", ("board",))
    assert journal(home)[-1].subjects["before"] == "Ada: author"


def test_who_left_is_not_called_back_silently(
    home: Path, ada: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A retired key stays retired until somebody says so."""
    assert main(["key", "trust", "Ada", ada, "--role", "author"]) == 0
    update_trust(home / "trust", lambda trust: trust.with_retired("Ada"))
    assert "retired" in refused(capsys, "key", "trust", "Ada", ada, "--role", "author")
    assert load_trust(home / "trust").keys[0].retired


@pytest.mark.parametrize(
    "arguments", [["Ada"], ["Ada", "{ada}"], ["--role", "author"], ["--replace"]], ids=" ".join
)
def test_what_is_missing_is_named(
    arguments: list[str], home: Path, ada: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the roles that there are; nothing is made."""
    said = refused(capsys, "key", "trust", *[a.format(ada=ada) for a in arguments])
    assert "--role" in said
    assert not home.exists()


def own_policy(folder: Path, name: str, value: str) -> Path:
    """A policy file with one entry of its own."""
    text = default_policy().content.decode()
    path = folder / f"{name}.toml"
    path.write_text(re.sub(rf"^{name} = [^#\n]*", f"{name} = {value} ", text, count=1, flags=re.MULTILINE))
    return path


def test_a_policy_is_put_in_force_with_its_text(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown, a check takes it, the journal has it and what was before; the one that ships comes back by name."""
    path = own_policy(tmp_path, "approvals", "3")
    assert main(["policy", "--file", str(path), "--reason", "three of us"]) == 0
    assert policy_in_force(home / "trust").approvals == 3
    assert main(["policy", "--file", str(path)]) == 0
    assert main(["policy"]) == 0
    said = capsys.readouterr().out
    assert "Nothing is changed" in said
    assert "approvals: 3" in said
    assert main(["policy", "--shipped"]) == 0
    assert policy_in_force(home / "trust") == default_policy()
    first, second = journal(home)
    assert (first.action, first.reason) == ("put policy in force", "three of us")
    assert second.subjects == {
        "policy": default_policy().document.name,
        "policy_digest": default_policy().digest,
        "before": first.subjects["policy_digest"],
        "trust_digest": sha256_file(home / "trust" / "trust.json"),
    }


def test_a_looser_policy_changes_nothing(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused by its points, in force and for a check; so is a folder, an empty file, both options at once."""
    path = str(own_policy(tmp_path, "history_days", "300"))
    for verb in (["policy", "--file", path], ["check", "wait-time", "1", "--policy", path]):
        assert "history_days: 300 is less than the 500 that ships" in refused(capsys, *verb)
    assert "cannot be read" in refused(capsys, "policy", "--file", str(tmp_path))
    (tmp_path / "empty.toml").touch()
    assert "may not be used" in refused(capsys, "policy", "--file", str(tmp_path / "empty.toml"))
    assert "say one of the two" in refused(capsys, "policy", "--file", path, "--shipped")
    assert not home.exists()


def test_a_text_that_was_changed_is_not_in_force(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The digest in the trust file counts, and what to do is said."""
    assert main(["policy", "--file", str(own_policy(tmp_path, "approvals", "3"))]) == 0
    (home / "trust" / "policy.toml").write_bytes(default_policy().content)
    assert "vigie policy --file" in refused(capsys, "policy")
    assert "vigie policy --file" in refused(capsys, "check", "wait-time", "1")


def test_without_a_journal_nothing_is_changed(
    home: Path, ada: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry that cannot be written takes the change back."""
    assert main(["key", "trust", "Ada", ada, "--role", "author"]) == 0
    before = load_trust(home / "trust")
    monkeypatch.setenv("VIGIE_DATABASE_URL", f"sqlite:///{home}/trust")
    said = refused(capsys, "key", "trust", "Ada", ada, "--role", "board", "--replace")
    assert "cannot be opened or written" in said
    assert load_trust(home / "trust") == before
