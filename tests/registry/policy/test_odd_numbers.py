"""A policy of odd numbers or endless brackets is refused in words: it ended in Python's own error."""

import re
from importlib.resources import files

import pytest

from registry.errors import PolicyError
from registry.policy.board_policy import default_policy, load_policy
from registry.policy.strictness import looser_points

SHIPPED = files("registry.policy").joinpath("policies/default.toml").read_text()
LINES = [i for i, line in enumerate(SHIPPED.splitlines()) if re.match(r"^\w+ = -?[0-9.]+\s*(#.*)?$", line)]


@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "-inf", "1e300", "-1", "true", '"1"', "1e-320"])
def test_no_number_of_a_policy_may_be_odd(value: str) -> None:
    """Not a number is neither above nor below a bound: each is refused, or stricter than what ships; none crashes."""
    assert len(LINES) > 80
    for i in LINES:
        lines = SHIPPED.splitlines()
        name = lines[i].partition(" = ")[0]
        lines[i] = f"{name} = {value}"
        if name in ("version", "format"):
            continue
        try:
            policy = load_policy("\n".join(lines).encode())
        except PolicyError:
            continue
        assert "nan" not in value, name
        assert value in ("1e-320",) or looser_points(policy, default_policy()), name


@pytest.mark.parametrize("content", [b"a = " + b"[" * 50_000, b"a = " + b"{b = " * 50_000, b"\xff", b"\0"])
def test_what_is_no_policy_is_refused(content: bytes) -> None:
    """However deep."""
    with pytest.raises(PolicyError):
        load_policy(content)
