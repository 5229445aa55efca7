"""The policy in force of an installation: its digest in the trust file, its text beside it."""

from pathlib import Path

from registry.digests import read_plain_file, write_atomically
from registry.errors import PolicyError
from registry.policy.board_policy import Policy, default_policy, load_policy
from registry.policy.strictness import looser_points
from registry.trust.trust_store import load_trust

__all__ = ["keep_text", "policy_in_force", "policy_of_digest", "policy_of_file", "require_no_looser"]

FILE = "policy.toml"


def policy_in_force(folder: Path) -> Policy:
    """The policy in force of a trust folder; where there is no trust file yet, the one that ships.

    Raises:
        TrustError: the trust file is broken.
        PolicyError: the text of the policy is not there, is no plain file, or is another one.
    """
    if not (folder / "trust.json").exists():
        return default_policy()
    return policy_of_digest(folder, load_trust(folder).policy_digest)


def policy_of_digest(folder: Path, digest: str) -> Policy:
    """The policy that a trust file names: the one that ships, or the text beside the file.

    Raises:
        PolicyError: the text of the policy is not there, is no plain file, is another one, or is looser than the one
            that ships, whoever signed it.
    """
    shipped = default_policy()
    if digest == shipped.digest:
        return shipped
    try:
        policy = load_policy(read_plain_file(folder / FILE, follow=True))
    except OSError:
        policy = None
    if policy is None or policy.digest != digest:
        raise PolicyError("trust_errors.policy.no_text", digest=digest, path=folder / FILE)
    require_no_looser(policy)
    return policy


def policy_of_file(path: Path) -> Policy:
    """The policy in a file.

    Raises:
        PolicyError: it cannot be read, may not be used, or is looser than the one that ships, with every point.
    """
    try:
        policy = load_policy(path.read_bytes())
    except OSError as error:
        raise PolicyError("trust_errors.policy.unreadable", path=path, why=error) from None
    require_no_looser(policy)
    return policy


def require_no_looser(policy: Policy) -> None:
    """Raises PolicyError, with every point, where a policy is looser than the one that ships."""
    points = looser_points(policy, default_policy())
    if points:
        raise PolicyError("trust_errors.policy.looser", points=tuple(points))


def keep_text(folder: Path, policy: Policy) -> None:
    """Keeps a policy's text beside the trust file, before it is in force there."""
    write_atomically(folder / FILE, policy.content)
