"""Public keys under which anybody can sign, and second spellings of one key: nobody is trusted by either."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from registry.errors import TrustError
from registry.policy.board_policy import default_policy
from registry.trust.keys import Signed, create_key, is_public_key
from registry.trust.trust_store import create_trust, load_trust, save_trust
from registry.trust.trusted_people import TrustedKey

FIELD = 2**255 - 19
# y of a point of order 8, in the bytes that RFC 8032 has for it; the rest of small order is 0, 1 and their opposites.
EIGHTH = int.from_bytes(
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
)
SMALL = sorted({0, 1, FIELD - 1, EIGHTH, FIELD - EIGHTH, FIELD, FIELD + 1})


def written(y: int, sign: int) -> str:
    """A point as a public key is written."""
    return base64.urlsafe_b64encode((y | sign << 255).to_bytes(32, "little")).decode()


def forged(public_key: str) -> bool:
    """Whether one of two signatures that need no private key verifies over one of some bodies."""
    identity, own = (1).to_bytes(32, "little"), base64.urlsafe_b64decode(public_key)
    for first in (identity, own):
        value = base64.urlsafe_b64encode(first + bytes(32)).decode()
        for number in range(64):
            try:
                Signed({"n": number}, "Ada", public_key, "approve", value).verify()
            except Exception:  # noqa: S112 - the next body
                continue
            return True
    return False


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", SMALL)
def test_a_key_under_which_anybody_signs_is_none(y: int, sign: int) -> None:
    """The library verifies under it what nobody signed; so it is refused before it is trusted."""
    key = written(y, sign)
    assert forged(key)
    assert not is_public_key(key)


@pytest.mark.parametrize("y", range(19))
def test_a_second_spelling_of_a_key_is_none(y: int) -> None:
    """32 bytes have room for 19 numbers beyond the field: each would be a second key of the same person."""
    assert not is_public_key(written(FIELD + y, 0))


def test_keys_that_are_made_are_keys(tmp_path: Path) -> None:
    """However many."""
    assert all(is_public_key(create_key("Ada", tmp_path / str(n)).public_key) for n in range(50))


def test_nobody_is_trusted_by_one(tmp_path: Path) -> None:
    """Not by the command, and not by a file that somebody wrote it into."""
    trust = create_trust(tmp_path, policy_digest=default_policy().digest)
    key = written(1, 0)
    with pytest.raises(TrustError) as refused:
        trust.with_key("Ada Martin", key, ("board",))
    assert refused.value.args[0] == "trust_errors.people.no_public_key"
    save_trust(tmp_path, replace(trust, keys=(TrustedKey("Ada Martin", key, ("board",)),)))
    with pytest.raises(TrustError):
        load_trust(tmp_path)
