"""The policy in force, read from beside the trust file."""

import os
from pathlib import Path

import pytest

from registry.errors import PolicyError
from registry.policy.board_policy import Policy, default_policy, load_policy
from registry.trust.policy_in_force import FILE, keep_text, policy_in_force
from registry.trust.trust_store import save_trust
from registry.trust.trusted_people import Trust


@pytest.fixture
def stricter() -> Policy:
    """One more approval than the policy that ships asks for."""
    shipped = default_policy()
    more = f"approvals = {shipped.approvals + 1}".encode()
    return load_policy(shipped.content.replace(f"approvals = {shipped.approvals}".encode(), more))


@pytest.fixture
def folder(tmp_path: Path, stricter: Policy) -> Path:
    """A trust folder with the stricter policy in force."""
    keep_text(tmp_path, stricter)
    save_trust(tmp_path, Trust(False, (), stricter.digest, {}))
    return tmp_path


def test_a_mounted_text_is_read(folder: Path, stricter: Policy) -> None:
    """A folder mounted from configuration consists of links to plain files."""
    elsewhere = folder / "policy-of-today.toml"
    (folder / FILE).rename(elsewhere)
    (folder / FILE).symlink_to(elsewhere)
    assert policy_in_force(folder) == stricter


def test_a_text_that_is_a_pipe_is_refused(folder: Path) -> None:
    """Opening a pipe for reading waits for ever for somebody who writes: the start page would stand still."""
    (folder / FILE).unlink()
    os.mkfifo(folder / FILE)
    with pytest.raises(PolicyError, match="put it in force again"):
        policy_in_force(folder)
