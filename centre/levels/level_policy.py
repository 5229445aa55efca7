"""A policy of levels as a hospital writes it: TOML, held against its shape as a whole, every fault at once by its path.

A threshold that is not set is not known: its condition is neither true nor false, and the evaluation says so.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = [
    "Condition",
    "Indicator",
    "Level",
    "LevelPolicy",
    "LevelPolicyError",
    "PolicyFault",
    "policy_bytes",
    "policy_table",
    "read_level_policy",
    "read_level_policy_file",
    "shape_faults",
]

_MOST_BYTES = 1_000_000

Indicator = Literal[
    "NEDOCS",
    "EDWIN",
    "free_medicine_surgery_beds",
    "visits",
    "mean_stay_of_admitted",
    "admission_rate",
    "present_at_15",
    "visits_of_75_and_more",
    "beds_needed_above_staffed",
    "beds_needed_share_of_staffed",
    "boarders",
]
"""The crowding indices of `centre.tension`; beds needed less beds with staff, and as a share of them in per cent;
patients who wait in the emergency departments for a bed."""
Text = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Probability = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


@dataclass(frozen=True)
class PolicyFault:
    """One thing wrong with a policy.

    Attributes:
        path: where, as in ``levels[1].conditions[0].threshold``, or ``file:4`` for a line of the file.
        code: a stable word for what is wrong.
        places: what fills the places of its text.
    """

    path: str
    code: str
    places: Mapping[str, object] = field(default_factory=dict)


class LevelPolicyError(ValueError):
    """A policy of levels that cannot be read: every fault at once."""

    def __init__(self, faults: tuple[PolicyFault, ...]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{f.path}: {f.code}" for f in faults))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Words(_Strict):
    """A text in both languages."""

    fr: Text
    en: Text


class Condition(_Strict):
    """One comparison of an indicator with a threshold.

    Attributes:
        indicator: what is compared.
        side: the side of the threshold on which the condition holds; at the threshold it does not.
        threshold: in the indicator's unit; None: not set yet.
    """

    indicator: Indicator
    side: Literal["above", "below"]
    threshold: Number | None = None


class Level(_Strict):
    """One level.

    Attributes:
        at_least: how many of its conditions must hold.
        probability: from which probability on it counts as reached ahead; None: not set.
        conditions: empty: not set yet.
    """

    name: Name
    title: Words
    at_least: Annotated[int, Field(ge=1)] = 1
    probability: Probability | None = None
    conditions: Annotated[tuple[Condition, ...], Field(max_length=50, strict=False)] = ()


class LevelPolicy(_Strict):
    """A policy.

    Attributes:
        version: counted by the hospital; another content is another version.
        source: where its levels and thresholds were published.
        levels: from the mildest to the gravest.
    """

    name: Name
    version: Annotated[int, Field(ge=1, le=100_000)]
    title: Words
    source: Text
    levels: Annotated[tuple[Level, ...], Field(max_length=20, strict=False)]


def read_level_policy_file(path: Path) -> LevelPolicy:
    """The policy in a file.

    Raises:
        LevelPolicyError: it cannot be read, or is none.
    """
    return read_level_policy(policy_bytes(path, LevelPolicyError))


def policy_bytes(path: Path, refused: Callable[[tuple[PolicyFault, ...]], ValueError]) -> bytes:
    """The bytes of a policy's file.

    Args:
        refused: what is raised of its faults.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= _MOST_BYTES and path.is_file() else b""
    except OSError:
        raise refused((PolicyFault("file", "unreadable"),)) from None
    if not content:
        raise refused((PolicyFault("file", "too_large" if size > _MOST_BYTES else "unreadable"),))
    return content


def read_level_policy(content: bytes) -> LevelPolicy:
    """The policy that these bytes (UTF-8) hold.

    Raises:
        LevelPolicyError: with every fault, by its path.
    """
    table = policy_table(content, LevelPolicyError)
    try:
        policy: LevelPolicy | None = LevelPolicy.model_validate(table)
        faults: list[PolicyFault] = []
    except ValidationError as error:
        policy, faults = None, list(shape_faults(error))
    faults += _contradictions(table)
    if policy is not None:
        faults += _disorder(policy.levels)
    if policy is None or faults:
        raise LevelPolicyError(tuple(faults))
    return policy


def policy_table(content: bytes, refused: Callable[[tuple[PolicyFault, ...]], ValueError]) -> dict[str, Any]:
    """The table that these bytes (TOML in UTF-8) hold.

    Args:
        refused: what is raised of its faults.
    """
    try:
        return tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError:
        raise refused((PolicyFault("file", "not_utf8"),)) from None
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        line = re.search(r"line (\d+)", str(error))
        raise refused((PolicyFault(f"file:{line[1]}" if line else "file", "not_toml"),)) from None


_NO_PATTERNS: Mapping[str, str] = {}
_CODES = {"extra_forbidden": "unknown_key", "missing": "missing_key", "finite_number": "not_finite"}


def shape_faults(error: ValidationError, patterns: Mapping[str, str] = _NO_PATTERNS) -> Iterator[PolicyFault]:
    """The faults that a policy's shape shows.

    Args:
        patterns: of texts that are neither names nor words, with the code of what does not match each.
    """
    found = error.errors(include_url=False, include_input=False, include_context=True)
    faulty = [one["loc"] for one in found]
    for one in found:
        if one["type"] == "too_short" and any(f[: len(one["loc"])] == one["loc"] != f for f in faulty):
            continue  # what is faulty in it was counted as not there
        path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in one["loc"]).lstrip(".")
        kind, context = str(one["type"]), one.get("ctx", {})
        if kind in _CODES:
            yield PolicyFault(path, _CODES[kind])
        elif kind == "string_pattern_mismatch":
            code = "blank" if context["pattern"] == r"\S" else "not_a_name"
            yield PolicyFault(path, patterns.get(context["pattern"], code))
        elif kind == "literal_error":
            yield PolicyFault(path, "not_one_of", {"choices": _choices(context["expected"])})
        else:
            yield _bound(path, kind, context)


def _choices(expected: str) -> str:
    """Without the library's own "or", which is English in every language."""
    return ", ".join(re.findall(r"'[^']*'", expected))


def _bound(path: str, kind: str, context: Mapping[str, Any]) -> PolicyFault:
    for name, code in (
        ("max_length", "longer"),
        ("min_length", "shorter"),
        ("le", "beyond"),
        ("ge", "below"),
        ("lt", "not_below"),
        ("gt", "not_above"),
    ):
        if name in context:
            return PolicyFault(path, code, {"limit": context[name]})
    return PolicyFault(path, "wrong_kind", {"kind": kind.partition("_")[0]})


def _contradictions(table: Mapping[str, Any]) -> Iterator[PolicyFault]:
    """What no single key shows; read off the table itself, so that it is said beside the other faults."""
    levels = table.get("levels")
    if levels == []:  # not of the model: it would count faulty levels as none
        yield PolicyFault("levels", "shorter", {"limit": 1})
    names: set[str] = set()
    for n, level in enumerate(levels if isinstance(levels, list) else ()):
        if not isinstance(level, dict):
            continue
        name, conditions, least = level.get("name"), level.get("conditions", []), level.get("at_least", 1)
        if isinstance(name, str):
            if name in names:
                yield PolicyFault(f"levels[{n}].name", "repeated")
            names.add(name)
        if not isinstance(conditions, list):
            continue
        if conditions and isinstance(least, int) and least > len(conditions):
            yield PolicyFault(f"levels[{n}].at_least", "more_than_conditions", {"limit": len(conditions)})
        pairs = [(c.get("indicator"), c.get("side")) if isinstance(c, dict) else None for c in conditions]
        for m, pair in enumerate(pairs):
            if pair is not None and pair in pairs[:m]:
                yield PolicyFault(f"levels[{n}].conditions[{m}]", "repeated")


def _disorder(levels: tuple[Level, ...]) -> Iterator[PolicyFault]:
    """Conditions that can never hold together, and levels that are graver than one they are reached before."""
    for n, level in enumerate(levels):
        if level.at_least == len(level.conditions):
            limits = {(c.indicator, c.side): c.threshold for c in level.conditions}
            for m, one in enumerate(level.conditions):
                least = limits.get((one.indicator, "above"))
                known = least is not None and one.threshold is not None
                if one.side == "below" and known and (least or 0) >= (one.threshold or 0):
                    yield PolicyFault(f"levels[{n}].conditions[{m}].threshold", "never_both")
        for milder in levels[:n]:
            where = _sooner(milder, level)
            if where:
                yield PolicyFault(f"levels[{n}].{where}", "sooner_than_milder", {"level": milder.name})


def _sooner(milder: Level, graver: Level) -> str:
    """What has the graver of two levels of one like condition reached before the milder one; "": nothing."""
    if len(milder.conditions) != 1 or len(graver.conditions) != 1:
        return ""
    (a,), (b,) = milder.conditions, graver.conditions
    if (a.indicator, a.side) != (b.indicator, b.side) or a.threshold is None or b.threshold is None:
        return ""
    if b.threshold != a.threshold:
        return "conditions[0].threshold" if (b.threshold < a.threshold) == (a.side == "above") else ""
    known = milder.probability is not None and graver.probability is not None
    return "probability" if known and (graver.probability or 0) < (milder.probability or 0) else ""
