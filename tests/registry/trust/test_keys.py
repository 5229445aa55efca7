"""Keys by an outside hand: what Vigie signs the library verifies, and what the library makes Vigie reads."""

import base64
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from registry.errors import KeyFileError, SignatureError
from registry.settings import Settings
from registry.trust.keys import (
    DEMO_ROLES,
    Key,
    Signed,
    create_key,
    demo_key,
    is_demo_key,
    is_public_key,
    load_key,
)
from registry.trust.service_keys import accepted_keys, trusted_service_keys
from registry.trust.trust_changes import trust_key
from tests.support.installation import Installation, after

PURPOSE = "vigie-review-v1"


def _message(purpose: str, body: dict[str, Any]) -> bytes:
    """What is signed, by JSON alone."""
    whole = {"purpose": purpose, "body": body}
    return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


@pytest.fixture
def key(tmp_path: Path) -> Key:
    """Of a person, in a file of Vigie's own form."""
    return create_key("Ada Lovelace", tmp_path / "ada.key")


def test_a_signature_is_ed25519s_over_purpose_and_body(key: Key) -> None:
    """By the library's own hand: over those bytes and no others."""
    body = {"b": "é", "a": [1, {"z": None, "y": True}]}
    signed = key.sign(PURPOSE, body)
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key.public_key))
    value = base64.urlsafe_b64decode(signed.value)
    public.verify(value, _message(PURPOSE, body))
    with pytest.raises(InvalidSignature):
        public.verify(value, _message("vigie-release-v1", body))
    assert (signed.name, signed.public_key, signed.purpose, signed.body) == (
        "Ada Lovelace",
        key.public_key,
        PURPOSE,
        body,
    )


def test_what_the_library_signs_verifies() -> None:
    """And with another key's public half it does not."""
    private, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    body = {"a": 1}
    value = base64.urlsafe_b64encode(private.sign(_message(PURPOSE, body))).decode()
    names = [base64.urlsafe_b64encode(k.public_key().public_bytes_raw()).decode() for k in (private, other)]
    Signed(body, "somebody", names[0], PURPOSE, value).verify()
    with pytest.raises(SignatureError, match="does not verify"):
        Signed(body, "somebody", names[1], PURPOSE, value).verify()


@pytest.mark.parametrize(
    "change",
    [
        {"public_key": ""},
        {"public_key": "AAAA"},
        {"public_key": "é"},
        {"value": ""},
        {"value": "\n"},
        {"body": {"a": float("nan")}},
        {"body": {1, 2}},
    ],
    ids=str,
)
def test_what_cannot_be_a_signature_does_not_verify(key: Key, change: dict[str, Any]) -> None:
    """In words, whatever stands there."""
    with pytest.raises(SignatureError, match="does not verify"):
        replace(key.sign(PURPOSE, {"a": 1}), **change).verify()


def test_a_body_too_deep_to_be_written_does_not_verify(key: Key) -> None:
    """It costs its maker nothing."""
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(SignatureError, match="does not verify"):
        replace(key.sign(PURPOSE, {}), body=deep).verify()


@pytest.mark.parametrize("field", ["name", "public_key", "purpose", "value"])
@pytest.mark.parametrize("value", [None, 5, ["x"], "left out"])
def test_a_signature_of_which_a_part_is_no_text_is_none(key: Key, field: str, value: object) -> None:
    """Or is missing."""
    written = key.sign(PURPOSE, {}).to_json()
    signature = {k: v for k, v in written["signature"].items() if k != field or value != "left out"}
    if value != "left out":
        signature[field] = value
    with pytest.raises(SignatureError, match="not signed by anybody"):
        Signed.from_json({"body": {}, "signature": signature})


@pytest.mark.parametrize("body", [None, [], "{}", 5])
def test_what_is_signed_is_an_object(key: Key, body: object) -> None:
    """And nothing else."""
    signature = key.sign(PURPOSE, {}).to_json()["signature"]
    with pytest.raises(SignatureError, match="not signed by anybody"):
        Signed.from_json({"body": body, "signature": signature})
    with pytest.raises(SignatureError, match="not signed by anybody"):
        Signed.from_json({"signature": signature})


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("A" * 42 + "I=", True),
        ("A" * 43 + "=", False),  # a point of small order
        ("A" * 42 + "B=", False),  # spare bits: another spelling of the same bytes
        ("A" * 43, False),
        ("A" * 44, False),
        ("A" * 42 + "==", False),
        ("_" * 41 + "-A=", True),
        ("_" * 42 + "8=", False),  # a number beyond the field
        ("/" * 42 + "8=", False),  # the digits of another alphabet
        (" " + "A" * 43 + "=", False),
        ("", False),
        ("é", False),
    ],
)
def test_a_public_key_has_one_spelling(text: str, *, good: bool) -> None:
    """Two spellings would be two people."""
    assert is_public_key(text) is good


def test_a_key_file_holds_both_halves_and_no_more(tmp_path: Path, key: Key) -> None:
    """The library makes the public one of the private one; the file is its owner's from its first moment."""
    body = json.loads((tmp_path / "ada.key").read_bytes())
    assert sorted(body) == ["format", "name", "private_key", "public_key"]
    assert (body["format"], body["name"], body["public_key"]) == (1, "Ada Lovelace", key.public_key)
    private = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(body["private_key"]))
    public = base64.urlsafe_b64encode(private.public_key().public_bytes_raw()).decode()
    assert public == key.public_key
    assert load_key(tmp_path / "ada.key").sign(PURPOSE, {}) == key.sign(PURPOSE, {})


def test_a_key_is_never_written_over_anything(tmp_path: Path, key: Key) -> None:
    """Neither a key, nor a file of something else, nor a link that leads nowhere."""
    before = (tmp_path / "ada.key").read_bytes()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("ada.key", "link"):
        with pytest.raises(KeyFileError, match="exists: a key is never overwritten"):
            create_key("Bob", tmp_path / name)
    assert (tmp_path / "ada.key").read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["ada.key", "link"]


def test_a_key_is_made_where_its_folder_is_not_there_yet(tmp_path: Path) -> None:
    """And said in words where it cannot be."""
    assert create_key("Bob", tmp_path / "a" / "b" / "bob.key").name == "Bob"
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(KeyFileError, match="cannot be written"):
        create_key("Bob", tmp_path / "file" / "x" / "bob.key")
    with pytest.raises(KeyFileError, match="no name of a file"):
        create_key("Bob", tmp_path / "a\x00b")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o601, 0o660, 0o620, 0o602])
def test_a_key_that_others_can_touch_is_refused(tmp_path: Path, key: Key, mode: int) -> None:
    """By group or world, to read, to write or to run."""
    (tmp_path / "ada.key").chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_key(tmp_path / "ada.key")
    for good in (0o600, 0o400, 0o700):
        (tmp_path / "ada.key").chmod(good)
        assert load_key(tmp_path / "ada.key").public_key == key.public_key


def test_a_key_that_is_mounted_is_read_through_its_link(tmp_path: Path, key: Key) -> None:
    """Secrets of a container are links to plain files; who may read counts where the link leads."""
    (tmp_path / "mounted.key").symlink_to(tmp_path / "ada.key")
    assert load_key(tmp_path / "mounted.key").public_key == key.public_key
    (tmp_path / "ada.key").chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_key(tmp_path / "mounted.key")


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"format": None},
        {"name": "a/b"},
        {"name": ""},
        {"private_key": "AAAA"},
        {"private_key": 5},
        {"private_key": None},
    ],
    ids=str,
)
def test_a_key_file_of_another_form_is_none(tmp_path: Path, key: Key, change: dict[str, Any]) -> None:
    """With what to do."""
    path = tmp_path / "ada.key"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change))
    with pytest.raises(KeyFileError, match="no key file"):
        load_key(path)


def test_a_missing_key_file_or_one_without_its_public_half_is_said(tmp_path: Path, key: Key) -> None:
    """A half that is missing is another half."""
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_key(tmp_path / "none.key")
    path = tmp_path / "ada.key"
    body = json.loads(path.read_bytes())
    path.write_text(json.dumps({k: v for k, v in body.items() if k != "public_key"}))
    with pytest.raises(KeyFileError, match="was changed"):
        load_key(path)


def test_the_demos_keys_are_those_that_everybody_can_make() -> None:
    """Of a published text, by hashlib; known as such, and nobody else's is."""
    for role in DEMO_ROLES:
        seed = hashlib.sha256(f"Vigie demo key, known to everybody: {role}".encode()).digest()
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        found = demo_key(role)
        assert found.public_key == base64.urlsafe_b64encode(public).decode()
        assert (found.name, is_demo_key(found.public_key)) == (f"demo-{role}", True)
    assert not is_demo_key(demo_key("somebody else").public_key)


class TestServiceKeys:
    """Whose checkpoints and erasures count."""

    @pytest.fixture
    def service(self, installation: Installation) -> Key:
        """The key beside the home, that nobody trusts yet."""
        return create_key("vigie service", installation.settings.service_key)

    def _trust(self, installation: Installation, key: Key) -> None:
        board = [installation.people["ada"], installation.people["bob"]]
        trust_key(installation.settings, key.name, key.public_key, ("service",), now=after(0), signers=board)

    def test_before_one_is_trusted_it_is_that_of_the_file(
        self, installation: Installation, service: Key
    ) -> None:
        """And none where there is no file: whatever is signed by nobody counts for nothing."""
        settings = installation.settings
        assert trusted_service_keys(settings) == frozenset()
        assert accepted_keys(settings) == {service.public_key}
        settings.service_key.unlink()
        assert accepted_keys(settings) == frozenset()

    def test_once_one_is_trusted_no_other_counts(
        self, installation: Installation, service: Key, tmp_path: Path
    ) -> None:
        """Whoever puts a key of their own into the file signs no checkpoint; nor does the board's key."""
        trusted = create_key("the service", tmp_path / "other.key")
        self._trust(installation, trusted)
        assert trusted_service_keys(installation.settings) == {trusted.public_key}
        assert accepted_keys(installation.settings) == {trusted.public_key}

    def test_a_trust_file_that_is_missing_or_broken_names_none(
        self, installation: Installation, service: Key
    ) -> None:
        """What is wrong with it is said elsewhere."""
        self._trust(installation, service)
        path = installation.settings.trust / "trust.json"
        path.write_bytes(b"{")
        assert trusted_service_keys(installation.settings) == frozenset()
        path.unlink()
        assert trusted_service_keys(installation.settings) == frozenset()
        assert trusted_service_keys(Settings(home=installation.settings.home / "none")) == frozenset()
