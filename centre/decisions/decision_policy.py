"""The hospital's policy of decisions: who decides what, until when, by which reasons, and who is informed (TOML).

It is held against its shape as a whole: every fault at once, by its path. Without a file nobody is entitled, nothing
is recommended, and no right to decide is there by default.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, time
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from centre.levels.level_policy import (
    Name,
    PolicyFault,
    Words,
    policy_bytes,
    policy_table,
    shape_faults,
)

__all__ = [
    "EVERY",
    "Decider",
    "DecisionPolicy",
    "DecisionPolicyError",
    "Oversight",
    "Reason",
    "Webhook",
    "policy_of_file",
    "read_decision_policy",
]

EVERY = "*"
"""Every unit, or the hospital itself."""
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_CODE = r"^[a-z0-9]+(_[a-z0-9]+)*$"
_PATTERNS = {_CLOCK: "not_a_clock", _CODE: "not_a_code"}
Short = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Code = Annotated[str, Field(pattern=_CODE, max_length=64)]
Shorts = Annotated[tuple[Short, ...], Field(max_length=500, strict=False)]
Some = Annotated[tuple[Short, ...], Field(min_length=1, max_length=500, strict=False)]


class DecisionPolicyError(ValueError):
    """A policy of decisions that cannot be read: every fault at once."""

    def __init__(self, faults: Sequence[PolicyFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{f.path}: {f.code}" for f in self.faults))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Reason(_Strict):
    """A reason that people choose, beside their own words."""

    code: Code
    title: Words


class Decider(_Strict):
    """A person who may decide.

    Attributes:
        person: by whom a decision is known.
        identities: of the tokens that the person carries; empty: one, by the person's name.
        pseudonym: by which the skill register (``held.csv``) has the person's trainings; None: the policy lists them.
        roles: as the steps of protocols name them.
        units: in which; ``*``: in all, and for the hospital.
    """

    person: Short
    identities: Shorts = ()
    pseudonym: Short | None = None
    roles: Some
    units: Some


class RequiredTraining(_Strict):
    """Trainings without which a role may not decide."""

    role: Short
    trainings: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50, strict=False)]


class TrainingHeld(_Strict):
    """A training that a person holds, to its last day; without one, for ever."""

    person: Short
    training: Name
    until: date | None = None


class Webhook(_Strict):
    """An application that is sent what a person decided.

    Attributes:
        name: by which `vigie webhook secret` gives its secret.
        url: the one address that is ever called; no redirect is followed.
    """

    name: Name
    url: Annotated[str, Field(min_length=1, max_length=1000)]


class Oversight(_Strict):
    """Seeded wrong recommendations, which measure oversight itself.

    Attributes:
        enabled: off unless the hospital says so.
        announced_on: day on which those concerned were informed; none is seeded before the day after it.
        most_a_week: for one person.
        never_at_levels: besides the gravest, at which none ever is.
        seed: of the chance that picks; None: unforeseeable.
    """

    enabled: bool = False
    announced_on: date | None = None
    most_a_week: Annotated[int, Field(ge=1, le=20)] = 1
    never_at_levels: Annotated[tuple[Name, ...], Field(max_length=20, strict=False)] = ()
    seed: Annotated[int, Field(ge=0)] | None = None


class DecisionPolicy(_Strict):
    """A policy.

    Attributes:
        version: counted by the hospital.
        shift_starts: by the hospital's clock, as in ``07:00``, in their order.
        most_a_shift: recommendations that people are shown in one shift at most.
        decide_within_minutes: where a step sets no limit of its own.
        refresh_minutes: between two looks at the forecasts.
        four_eyes_levels: at which every answer needs a second person; a step may ask for one at any level.
    """

    version: Annotated[int, Field(ge=1, le=100_000)]
    shift_starts: Annotated[
        tuple[Annotated[str, Field(pattern=_CLOCK)], ...], Field(max_length=12, strict=False)
    ]
    most_a_shift: Annotated[int, Field(ge=1, le=100)]
    decide_within_minutes: Annotated[int, Field(ge=5, le=24 * 60)] = 60
    refresh_minutes: Annotated[int, Field(ge=1, le=240)] = 15
    four_eyes_levels: Annotated[tuple[Name, ...], Field(max_length=20, strict=False)] = ()
    reasons: Annotated[tuple[Reason, ...], Field(min_length=1, max_length=50, strict=False)]
    deciders: Annotated[tuple[Decider, ...], Field(max_length=2000, strict=False)] = ()
    required_trainings: Annotated[tuple[RequiredTraining, ...], Field(max_length=200, strict=False)] = ()
    trainings_held: Annotated[tuple[TrainingHeld, ...], Field(max_length=20_000, strict=False)] = ()
    webhooks: Annotated[tuple[Webhook, ...], Field(max_length=20, strict=False)] = ()
    oversight: Oversight = Oversight()

    @property
    def starts(self) -> tuple[time, ...]:
        """When shifts begin."""
        return tuple(time.fromisoformat(s) for s in self.shift_starts)

    def reason(self, code: str) -> Reason | None:
        """The reason of a code."""
        return next((r for r in self.reasons if r.code == code), None)


def policy_of_file(file: Path) -> DecisionPolicy | None:
    """The policy in a hospital's file, read again when it changes; None: there is no file.

    Raises:
        DecisionPolicyError: it cannot be read, or is none.
    """
    try:
        stamp = file.stat()
    except FileNotFoundError:
        return None
    except OSError:
        raise DecisionPolicyError((PolicyFault("file", "unreadable"),)) from None
    return _read(file, (stamp.st_mtime_ns, stamp.st_size, stamp.st_ino))


@lru_cache(maxsize=4)
def _read(file: Path, _stamp: tuple[int, int, int]) -> DecisionPolicy:
    return read_decision_policy(policy_bytes(file, DecisionPolicyError))


def read_decision_policy(content: bytes) -> DecisionPolicy:
    """The policy that these bytes (UTF-8) hold.

    Raises:
        DecisionPolicyError: with every fault, by its path.
    """
    table = policy_table(content, DecisionPolicyError)
    policy: DecisionPolicy | None = None
    faults: list[PolicyFault] = []
    try:
        policy = DecisionPolicy.model_validate(table)
    except ValidationError as error:
        faults = list(shape_faults(error, _PATTERNS))
    faults += _contradictions(table)
    if policy is None or faults:
        raise DecisionPolicyError(faults)
    return policy


def _contradictions(table: dict[str, Any]) -> Iterator[PolicyFault]:
    """What no single key shows; read off the table itself, so that it is said beside the other faults."""
    starts = table.get("shift_starts")
    if isinstance(starts, list):
        if not starts:
            yield PolicyFault("shift_starts", "shorter", {"limit": 1})
        sound = [s for s in starts if isinstance(s, str) and re.fullmatch(_CLOCK, s)]
        if any(late <= early for early, late in pairwise(sound)):
            yield PolicyFault("shift_starts", "not_in_order")
    yield from _repeated(table, "reasons", "code")
    yield from _repeated(table, "deciders", "person")
    yield from _repeated(table, "deciders", "pseudonym")
    yield from _repeated(table, "webhooks", "name")
    yield from _identities(table)
    yield from _listed_twice(table)
    for n, hook in enumerate(_tables(table, "webhooks")):
        if isinstance(hook.get("url"), str) and not _is_address(hook["url"]):
            yield PolicyFault(f"webhooks[{n}].url", "not_an_address")
    oversight = table.get("oversight")
    if isinstance(oversight, dict) and oversight.get("enabled") is True and "announced_on" not in oversight:
        yield PolicyFault("oversight.announced_on", "not_announced")


def _tables(table: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = table.get(name)
    return [r if isinstance(r, dict) else {} for r in rows] if isinstance(rows, list) else []


def _repeated(table: dict[str, Any], name: str, key: str) -> Iterator[PolicyFault]:
    values: list[object] = []
    for n, row in enumerate(_tables(table, name)):
        value = row.get(key)
        if isinstance(value, str) and value in values:
            yield PolicyFault(f"{name}[{n}].{key}", "repeated")
        values.append(value)


def _identities(table: dict[str, Any]) -> Iterator[PolicyFault]:
    """One token is one person: an identity of two people would be four eyes of one."""
    borne: set[str] = set()
    for n, row in enumerate(_tables(table, "deciders")):
        own = row.get("identities") or [row.get("person")]
        names = {i for i in own if isinstance(i, str)} if isinstance(own, list) else set()
        if names & borne:
            yield PolicyFault(f"deciders[{n}].identities", "of_two_people")
        borne |= names


def _listed_twice(table: dict[str, Any]) -> Iterator[PolicyFault]:
    """Trainings of one person stand in one place: a right would outlast the one that lapsed by the other."""
    deciders = _tables(table, "deciders")
    registered = [d.get("person") for d in deciders if d.get("pseudonym") is not None]
    for n, row in enumerate(_tables(table, "trainings_held")):
        if isinstance(row.get("person"), str) and row["person"] in registered:
            yield PolicyFault(f"trainings_held[{n}].person", "in_the_register")


def _is_address(url: str) -> bool:
    """Whether it is called encrypted, or on this machine; nothing secret stands in it."""
    try:
        parts = urlsplit(url)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        port = parts.port
    except ValueError:
        return False
    scheme = parts.scheme == "https" or (parts.scheme == "http" and local)
    plain = url.isprintable() and url.isascii() and " " not in url and "@" not in parts.netloc
    return scheme and plain and bool(parts.hostname) and not parts.fragment and port != 0
