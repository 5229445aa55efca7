"""A policy of odd numbers or endless brackets is refused in words: it ended in Python's own error."""

import re
from importlib.resources import files

import pytest

from registry.errors import PolicyError
from registry.policy.board_policy import default_policy, load_policy
from registry.policy.strictness import looser_points

SHIPPED = files("registry.policy").joinpath("policies/default.toml").read_text()
LINES = [
    i
    for i, line in enumerate(SHIPPED.splitlines())
    if re.match(r"^\w+ = -?[0-9.]+\s*(#.*)?$", line) and not line.startswith("version")
]


def edited(line: int, value: str) -> bytes:
    """The shipped policy with another value of the number in this line."""
    lines = SHIPPED.splitlines()
    lines[line] = f"{lines[line].partition(' = ')[0]} = {value}"
    return "\n".join(lines).encode()


@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "-inf", "1e300", "-1", "true", '"1"'])
def test_no_number_of_a_policy_may_be_odd(value: str) -> None:
    """Not a number is neither above nor below a bound: it is refused as what is out of bounds is, in every line."""
    for line in LINES:
        with pytest.raises(PolicyError) as refused:
            load_policy(edited(line, value))
        assert refused.value.words("fr") != str(refused.value), SHIPPED.splitlines()[line]


def test_the_smallest_number_is_judged_as_any_other() -> None:
    """Below a bound it is refused; within all bounds it may be stricter; where it is looser, that is named."""
    outcomes = {"refused": 0, "stricter": 0}
    looser = []
    for line in LINES:
        try:
            found = looser_points(load_policy(edited(line, "1e-320")), default_policy())
        except PolicyError:
            outcomes["refused"] += 1
        else:
            outcomes["stricter"] += not found
            looser += [str(point).partition(":")[0] for point in found]
    assert outcomes == {"refused": 42, "stricter": 47}
    assert looser == ["accuracy.least_gain", "monitor.false_alarms_per_year"]


@pytest.mark.parametrize("content", [b"a = " + b"[" * 50_000, b"a = " + b"{b = " * 50_000, b"\xff", b"\0"])
def test_what_is_no_policy_is_refused(content: bytes) -> None:
    """However deep."""
    with pytest.raises(PolicyError):
        load_policy(content)
