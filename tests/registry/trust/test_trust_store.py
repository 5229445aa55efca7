"""Keys, signatures and whom an installation trusts."""

import base64
import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from registry.digests import canonical_json, write_atomically
from registry.errors import KeyFileError, SignatureError, TrustError
from registry.trust.keys import DEMO_ROLES, Key, Signed, create_key, demo_key, load_key
from registry.trust.trust_store import create_trust, load_trust, save_trust, update_trust
from registry.trust.trusted_people import Trust

PURPOSE = "vigie-review-v1"


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return create_key("Ada Lovelace", tmp_path / "ada.json")


def _trust(key: Key, *roles: str, demo: bool = False) -> Trust:
    return Trust(demo, (), "sha256:0", {}).with_person(key, roles or ("board",))


def _other_spelling(text: str) -> str:
    """The same bytes in base64 whose unused bits are not zero."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = text.rstrip("=")[-1]
    spelled = text.rstrip("=")[:-1] + digits[digits.index(last) + 1] + "="
    assert base64.urlsafe_b64decode(spelled) == base64.urlsafe_b64decode(text)
    return spelled


def test_canonical_json_is_one_text_for_one_value_and_refuses_nan() -> None:
    """Signatures rest on it."""
    assert canonical_json({"b": 1, "a": "é"}) == b'{"a":"\xc3\xa9","b":1}\n'
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"a": float("nan")})


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    """A write that fails leaves the old content and no other file."""
    path = tmp_path / "a.json"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "no bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_key_file_is_read_again_and_is_private(tmp_path: Path, key: Key) -> None:
    """Only the owner can read it, and nothing else is left in the folder."""
    path = tmp_path / "ada.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["ada.json"]
    assert load_key(path).public_key == key.public_key


def test_a_key_file_is_never_overwritten(tmp_path: Path, key: Key) -> None:
    """A key that is gone cannot be made again."""
    with pytest.raises(KeyFileError, match="never overwritten"):
        create_key("Ada Lovelace", tmp_path / "ada.json")
    assert load_key(tmp_path / "ada.json").public_key == key.public_key


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, key: Key, mode: int) -> None:
    """What others can read, others may have."""
    (tmp_path / "ada.json").chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_key(tmp_path / "ada.json")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"format":1,"name":"Ada","private_key":"AAAA"}'])
def test_what_is_no_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """In words, without a traceback of another library."""
    write_atomically(tmp_path / "key.json", content, mode=0o600)
    with pytest.raises(KeyFileError, match="no key file"):
        load_key(tmp_path / "key.json")


def test_a_key_file_of_two_halves_is_refused(tmp_path: Path, key: Key) -> None:
    """The public half that was handed to the trust folder must be that of what signs."""
    other = create_key("Bob", tmp_path / "bob.json")
    body = json.loads((tmp_path / "ada.json").read_bytes()) | {"public_key": other.public_key}
    write_atomically(tmp_path / "mixed.json", canonical_json(body), mode=0o600)
    with pytest.raises(KeyFileError, match="was changed"):
        load_key(tmp_path / "mixed.json")


@pytest.mark.parametrize("name", ["", "../ada", "a/b", "a\nb", " ada", "x" * 65, "a..b"])
def test_a_name_that_is_no_persons_is_refused(tmp_path: Path, name: str) -> None:
    """Names become parts of file names."""
    with pytest.raises(KeyFileError, match="name is that of a person"):
        create_key(name, tmp_path / "key.json")
    assert not (tmp_path / "key.json").exists()


def test_the_private_part_is_never_shown(tmp_path: Path, key: Key) -> None:
    """Not in a log, not in a traceback."""
    secret = json.loads((tmp_path / "ada.json").read_bytes())["private_key"]
    assert secret not in repr(key)
    assert key.public_key in repr(key)


def test_a_signature_survives_its_json(key: Key) -> None:
    """What was written is what was signed."""
    signed = key.sign(PURPOSE, {"a": 1})
    again = Signed.from_json(json.loads(canonical_json(signed.to_json())))
    again.verify()
    assert again == signed


@pytest.mark.parametrize(
    "change",
    [{"body": {"a": 2}}, {"purpose": "vigie-release-v1"}, {"value": "AAAA"}, {"value": "no base64!"}],
)
def test_what_was_changed_after_signing_does_not_verify(key: Key, change: dict[str, object]) -> None:
    """Neither the body, nor what it was signed as, nor the signature."""
    with pytest.raises(SignatureError, match="does not verify"):
        replace(key.sign(PURPOSE, {"a": 1}), **change).verify()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value", [None, [], {}, {"body": {}, "signature": None}, {"body": 1, "signature": {}}]
)
def test_what_is_not_signed_is_distinguished(value: object) -> None:
    """An unsigned registration is {"body": ..., "signature": null}."""
    with pytest.raises(SignatureError, match="not signed by anybody"):
        Signed.from_json(value)


def test_who_signed_is_known_by_the_key_and_not_by_the_name_they_write(key: Key) -> None:
    """The name in a signature is not signed: nothing rests on it."""
    signed = replace(key.sign(PURPOSE, {}), name="somebody else")
    assert _trust(key).require(signed, "board", PURPOSE) == "Ada Lovelace"


def test_a_signature_counts_only_for_its_role_and_purpose(key: Key) -> None:
    """A board member releases nothing; a review is no release."""
    signed = key.sign(PURPOSE, {})
    with pytest.raises(SignatureError, match="does not have the role releaser"):
        _trust(key).require(signed, "releaser", PURPOSE)
    with pytest.raises(SignatureError, match="something else"):
        _trust(key).require(signed, "board", "vigie-release-v1")


def test_a_signature_over_something_else_is_refused(key: Key) -> None:
    """Trust in a person is not trust in what somebody else made of their words."""
    changed = replace(key.sign(PURPOSE, {"decision": "refuse"}), body={"decision": "approve"})
    with pytest.raises(SignatureError, match="does not verify"):
        _trust(key).require(changed, "board", PURPOSE)


def test_an_unknown_key_is_refused(tmp_path: Path, key: Key) -> None:
    """Whatever name it signs with."""
    other = create_key("Ada Lovelace", tmp_path / "other.json")
    with pytest.raises(SignatureError, match="not in the trust folder"):
        _trust(key).require(other.sign(PURPOSE, {}), "board", PURPOSE)


def test_a_retired_key_signs_nothing_more_but_what_it_signed_stays(key: Key) -> None:
    """Who leaves the hospital does not take its releases along."""
    trust, signed = _trust(key).with_retired(key.name), key.sign(PURPOSE, {})
    assert trust.require(signed, "board", PURPOSE) == key.name
    assert trust.signer(signed, "board", PURPOSE).retired
    with pytest.raises(SignatureError, match="retired"):
        trust.require(signed, "board", PURPOSE, acting=True)


@pytest.mark.parametrize("role", DEMO_ROLES)
def test_demo_keys_are_refused_outside_a_demo(role: str) -> None:
    """Everybody can know them; even a trust file that lists them does not make them good."""
    demo = demo_key(role)
    with pytest.raises(TrustError, match="known to everybody"):
        _trust(demo)
    listed = replace(_trust(demo, demo=True), demo=False)
    with pytest.raises(SignatureError, match="known to everybody"):
        listed.require(demo.sign(PURPOSE, {}), "board", PURPOSE)
    assert _trust(demo, demo=True).require(demo.sign(PURPOSE, {}), "board", PURPOSE) == f"demo-{role}"


def test_a_key_in_another_spelling_is_nobodys(tmp_path: Path, key: Key) -> None:
    """One key under two names would be two people, and a demo key would pass unrecognised."""
    with pytest.raises(TrustError, match="no Ed25519 public key"):
        _trust(key).with_key("Twin", _other_spelling(key.public_key), ("board",))
    with pytest.raises(SignatureError, match="does not verify"):
        replace(key.sign(PURPOSE, {}), public_key=_other_spelling(key.public_key)).verify()


def test_a_name_and_a_key_stand_once_in_the_trust_file(tmp_path: Path, key: Key) -> None:
    """One person, one key: otherwise one person could approve twice."""
    other = create_key("ada lovelace", tmp_path / "other.json")
    with pytest.raises(TrustError, match="one person, one name"):
        _trust(key).with_person(other, ("board",))
    create_trust(tmp_path / "trust", policy_digest="sha256:0")
    save_trust(tmp_path / "trust", _trust(key))
    path = tmp_path / "trust" / "trust.json"
    body = json.loads(path.read_bytes())
    body["keys"].append({**body["keys"][0], "name": "Twin"})
    write_atomically(path, canonical_json(body))
    with pytest.raises(TrustError, match="twice"):
        load_trust(tmp_path / "trust")


def test_a_trust_folder_comes_back_as_it_was_saved(tmp_path: Path, key: Key) -> None:
    """With retired keys, floors and the policy in force."""
    create_trust(tmp_path, policy_digest="sha256:0")
    trust = _trust(key, "board", "releaser").with_retired(key.name).with_floor("wait-time", 3)
    save_trust(tmp_path, trust.with_policy("sha256:1"))
    assert load_trust(tmp_path) == trust.with_policy("sha256:1")


def test_a_trust_folder_never_becomes_a_demo(tmp_path: Path) -> None:
    """Nor is one made anew over another."""
    trust = create_trust(tmp_path, policy_digest="sha256:0")
    with pytest.raises(TrustError, match="that never changes"):
        save_trust(tmp_path, replace(trust, demo=True))
    with pytest.raises(TrustError, match="holds a trust file already"):
        create_trust(tmp_path, policy_digest="sha256:0", demo=True)
    assert not load_trust(tmp_path).demo


def test_the_lowest_acceptable_release_is_never_lowered(tmp_path: Path) -> None:
    """A lower one would let an old release back in."""
    trust = create_trust(tmp_path, policy_digest="sha256:0")
    save_trust(tmp_path, trust.with_floor("wait-time", 4))
    assert trust.with_floor("wait-time", 4).with_floor("wait-time", 2).lowest_release == {"wait-time": 4}
    with pytest.raises(TrustError, match="never lowered"):
        save_trust(tmp_path, trust)


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"format":1}', b'{"format":2,"keys":[]}'])
def test_a_missing_or_broken_trust_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """Nothing is trusted by default."""
    if content is not None:
        write_atomically(tmp_path / "trust.json", content)
    with pytest.raises(TrustError, match=r"trust file"):
        load_trust(tmp_path)


def test_changes_at_once_lose_nothing(tmp_path: Path) -> None:
    """Two promotions of two models raise both numbers."""
    create_trust(tmp_path, policy_digest="sha256:0")

    def raise_floors(model: str) -> None:
        for number in range(1, 21):
            update_trust(tmp_path, lambda t, n=number: t.with_floor(model, n))  # type: ignore[misc]

    threads = [threading.Thread(target=raise_floors, args=(m,)) for m in ("wait-time", "bed-demand")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert load_trust(tmp_path).lowest_release == {"wait-time": 20, "bed-demand": 20}


def test_a_public_key_can_be_given_on_a_command_line(tmp_path: Path) -> None:
    """Of 200 keys none begins with a dash, which would be read as an option (one in 64 would)."""
    keys = [create_key("ada", tmp_path / f"{i}.key") for i in range(200)]
    assert not [k for k in keys if k.public_key.startswith("-")]
    assert len({k.public_key for k in keys}) == 200
