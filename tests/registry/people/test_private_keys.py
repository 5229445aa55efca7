"""Private keys under a passphrase, and OpenSSH's: what is written, what is read, and what is said of the rest."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from cli.main import main
from registry.errors import KeyFileError
from registry.people.private_keys import PASSPHRASE
from registry.trust.keys import create_key, load_key
from registry.trust.trust_store import load_trust

pytestmark = pytest.mark.usefixtures("english")

WORDS = "né à l'aube 7"


@pytest.fixture(autouse=True)
def nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a terminal nor the variable, unless a test says so."""
    monkeypatch.delenv(PASSPHRASE, raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Has somebody at a terminal type these; returns the prompts that they saw."""

    def at_terminal(*answers: str) -> list[str]:
        prompts: list[str] = []
        left: Iterator[str] = iter(answers)
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setenv("VIGIE_LANGUAGE", "en")

        def answer(prompt: str) -> str:
            prompts.append(prompt)
            return next(left)

        monkeypatch.setattr("getpass.getpass", answer)
        return prompts

    return at_terminal


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def _openssh(private: Ed25519PrivateKey) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


class TestPassphrase:
    """Vigie's own keys under one."""

    def test_the_file_is_pkcs8_that_the_passphrase_opens(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The person's name comes back, nothing of the key is in clear, and nobody else can read it."""
        path = tmp_path / "ada.key"
        key = create_key("Ada Lovelacé", path, passphrase=WORDS)
        content = path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in content
        assert base64.b64encode(key.private.private_bytes_raw())[:20] not in content
        private = load_pem_private_key(content[content.index(b"-----") :], WORDS.encode())
        assert isinstance(private, Ed25519PrivateKey)
        monkeypatch.setenv(PASSPHRASE, WORDS)
        again = load_key(path)
        assert (again.name, again.public_key) == (key.name, key.public_key)
        again.sign("vigie-review-v1", {"a": 1}).verify()

    def test_it_is_asked_for_on_a_terminal(self, tmp_path: Path, typed: Callable[..., list[str]]) -> None:
        """With the file's name, since a command may read several."""
        key = create_key("Ada", tmp_path / "ada.key", passphrase=WORDS)
        prompts = typed(WORDS)
        assert load_key(tmp_path / "ada.key").public_key == key.public_key
        assert len(prompts) == 1
        assert "ada.key" in prompts[0]

    @pytest.mark.parametrize("wrong", ["quatorze", WORDS + " ", WORDS.upper(), "x" * 5000])
    def test_a_wrong_one_is_one_clear_error(
        self, tmp_path: Path, typed: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, wrong: str
    ) -> None:
        """It is not repeated in it, whichever way it came."""
        create_key("Ada", tmp_path / "ada.key", passphrase=WORDS)
        typed(wrong)
        with pytest.raises(KeyFileError, match="passphrase does not open") as error:
            load_key(tmp_path / "ada.key")
        monkeypatch.setenv(PASSPHRASE, wrong)
        with pytest.raises(KeyFileError, match=rf"in {PASSPHRASE} does not open") as other:
            load_key(tmp_path / "ada.key")
        assert wrong not in str(error.value) + str(other.value)

    @pytest.mark.parametrize("variable", [None, ""])
    def test_without_a_terminal_it_is_said_where_to_put_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None
    ) -> None:
        """Nothing waits for somebody who is not there."""
        create_key("Ada", tmp_path / "ada.key", passphrase=WORDS)
        if variable is not None:
            monkeypatch.setenv(PASSPHRASE, variable)
        with pytest.raises(KeyFileError, match=PASSPHRASE):
            load_key(tmp_path / "ada.key")

    @pytest.mark.parametrize("passphrase", ["", "  ", "x" * 1024, "\udcff"])
    def test_one_that_protects_nothing_is_refused(self, tmp_path: Path, passphrase: str) -> None:
        """And one that the library does not take; no file is made."""
        with pytest.raises(KeyFileError, match="passphrase"):
            create_key("Ada", tmp_path / "ada.key", passphrase=passphrase)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("end", [120, -40])
    def test_a_file_cut_short_is_no_traceback(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: int
    ) -> None:
        """It is the wrong one or changed."""
        create_key("Ada", tmp_path / "ada.key", passphrase=WORDS)
        cut = _written(tmp_path / "cut.key", (tmp_path / "ada.key").read_bytes()[:end])
        monkeypatch.setenv(PASSPHRASE, WORDS)
        with pytest.raises(KeyFileError, match=r"cut\.key"):
            load_key(cut)

    def test_vigies_own_form_needs_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever the variable holds: another key of the same command may need it."""
        key = create_key("Ada", tmp_path / "ada.key")
        monkeypatch.setenv(PASSPHRASE, WORDS)
        assert load_key(tmp_path / "ada.key").public_key == key.public_key
        assert json.loads((tmp_path / "ada.key").read_bytes())["name"] == "Ada"


class TestOtherForms:
    """OpenSSH's, and PEM that other tools made."""

    def test_an_openssh_key_signs(self, tmp_path: Path) -> None:
        """By the name of its file."""
        private = Ed25519PrivateKey.generate()
        key = load_key(_written(tmp_path / "ada.key", _openssh(private)))
        raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        assert (key.name, base64.urlsafe_b64decode(key.public_key)) == ("ada", raw)
        key.sign("vigie-review-v1", {"a": 1}).verify()

    @pytest.mark.parametrize("mode", [0o640, 0o604])
    def test_one_that_others_can_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        """Like any key."""
        _written(tmp_path / "id", _openssh(Ed25519PrivateKey.generate())).chmod(mode)
        with pytest.raises(KeyFileError, match="chmod 600"):
            load_key(tmp_path / "id")

    def test_an_openssh_key_under_a_passphrase_says_what_to_do(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where the library that reads it is not there."""
        pem = _openssh(Ed25519PrivateKey.generate())
        raw = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
        none = b"\0\0\0\4none\0\0\0\4none"
        locked = raw.replace(none, b"\0\0\0\x0aaes256-ctr\0\0\0\6bcrypt", 1)
        assert locked != raw
        lines = (b"-----BEGIN OPENSSH PRIVATE KEY-----", base64.b64encode(locked), pem.splitlines()[-1], b"")
        monkeypatch.setitem(__import__("sys").modules, "bcrypt", None)
        monkeypatch.setenv(PASSPHRASE, WORDS)
        with pytest.raises(KeyFileError, match=r"pip install bcrypt.*--passphrase"):
            load_key(_written(tmp_path / "id", b"\n".join(lines)))

    @pytest.mark.parametrize("passphrase", [None, WORDS])
    def test_pkcs8_of_other_tools_is_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passphrase: str | None
    ) -> None:
        """With or without a passphrase."""
        private = Ed25519PrivateKey.generate()
        how = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase.encode())
        path = _written(tmp_path / "a..b", private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
        if passphrase is not None:
            monkeypatch.setenv(PASSPHRASE, passphrase)
        assert load_key(path).private.private_bytes_raw() == private.private_bytes_raw()

    @pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.OpenSSH])
    def test_a_key_of_another_kind_is_named(self, tmp_path: Path, form: PrivateFormat) -> None:
        """Vigie signs with one kind."""
        pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, form, NoEncryption())
        with pytest.raises(KeyFileError, match="another kind"):
            load_key(_written(tmp_path / "id", pem))

    @pytest.mark.parametrize(
        "kind", ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY", "DSA PRIVATE KEY"]
    )
    @pytest.mark.parametrize("body", ["", "AAAA", "§", "b3BlbnNzaC1rZXktdjEA"])
    def test_what_is_no_key_between_the_lines_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, body: str
    ) -> None:
        """In words, without a traceback of the library."""
        monkeypatch.setenv(PASSPHRASE, WORDS)
        text = f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n"
        with pytest.raises(KeyFileError, match="key"):
            load_key(_written(tmp_path / "id", text.encode()))


class TestCommandLine:
    """`vigie key create --passphrase`, and `vigie key trust` of an OpenSSH line."""

    def test_it_is_asked_for_twice(
        self, tmp_path: Path, typed: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Without echo, and it is never shown."""
        path = tmp_path / "ada.key"
        assert len(typed(WORDS, WORDS)) == 0
        assert main(["key", "create", "Ada", "--out", str(path), "--passphrase"]) == 0
        said = capsys.readouterr()
        assert WORDS not in said.out + said.err
        typed(WORDS)
        assert load_key(path).public_key in said.out

    @pytest.mark.parametrize("answers", [(WORDS, "other"), ("", ""), (" ", " ")])
    def test_two_that_differ_or_none_write_nothing(
        self, tmp_path: Path, typed: Callable[..., list[str]], answers: tuple[str, str]
    ) -> None:
        """Nobody could open it."""
        typed(*answers)
        assert main(["key", "create", "Ada", "--out", str(tmp_path / "ada.key"), "--passphrase"]) == 2
        assert not list(tmp_path.iterdir())

    def test_without_a_terminal_the_variable_is_taken(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Without either it says so."""
        arguments = ["key", "create", "Ada", "--out", str(tmp_path / "ada.key"), "--passphrase"]
        assert main(arguments) == 2
        assert PASSPHRASE in capsys.readouterr().err
        monkeypatch.setenv(PASSPHRASE, WORDS)
        assert main(arguments) == 0
        assert load_key(tmp_path / "ada.key").name == "Ada"

    def test_an_openssh_public_key_is_trusted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is the key that the private file signs with."""
        monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
        private = Ed25519PrivateKey.generate()
        line = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        assert main(["key", "trust", "Ada", f"{line} ada@ward", "--role", "author"]) == 0
        key = load_key(_written(tmp_path / "ada.key", _openssh(private)))
        assert [k.public_key for k in load_trust(tmp_path / "home" / "trust").keys] == [key.public_key]
        other = (
            generate_private_key(SECP256R1())
            .public_key()
            .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        )
        for wrong in (other.decode(), "ssh-ed25519 AAAA", "ssh-ed25519"):
            assert main(["key", "trust", "Bob", wrong, "--role", "author"]) == 2
