"""A protocol as people write it: Markdown below a front matter in TOML, between two lines of ``+++``.

The front matter says for which units and levels it is meant, its steps with the skills each asks for, who answers for
it, who validated it and until when. It is held against this shape as a whole: every fault at once, by its path.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from serving.interface.files import (
    Fault,
    Language,
    VigieError,
    cleaned,
    message,
    one_line,
    read_plain_file,
    sha256_bytes,
    text,
)

__all__ = ["EVERY_UNIT", "Protocol", "ProtocolError", "Step", "protocol_bytes", "read_protocol"]

EVERY_UNIT = "*"
_FENCE = "+++"
_MOST_BYTES = 1_000_000
_NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"


def _in_one_line(text: str) -> str:
    """A text of the front matter; a line end in a title would print a line of its own."""
    if one_line(text) != text:
        raise PydanticCustomError("not_one_line", "several lines, or what a terminal would obey")
    return text


Short = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_in_one_line)]
Name = Annotated[str, Field(pattern=_NAME, max_length=64)]
Shorts = Annotated[tuple[Short, ...], Field(min_length=1, max_length=100, strict=False)]
Names = Annotated[tuple[Name, ...], Field(max_length=50, strict=False)]


class ProtocolError(VigieError):
    """A protocol that cannot be read: every fault at once, by its path."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(lines(faults, "en")))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Step(_Strict):
    """One step, for a person to take.

    Attributes:
        action: what is done.
        role: by whom, as the hospital calls it.
        within_minutes: until when at the latest, from the decision on; None: no limit is set.
        skills: what its doer must hold.
        two_people: whether a second person has to sign.
    """

    action: Short
    role: Short
    within_minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)] | None = None
    skills: Names = ()
    two_people: bool = False


class _FrontMatter(_Strict):
    id: Name
    version: Annotated[int, Field(ge=1, le=100_000)]
    title: Short
    language: Literal["fr", "en"]
    units: Shorts
    levels: Shorts
    owner: Short
    validated_by: Shorts
    valid_from: date
    valid_until: date
    read_first: bool = False
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=50, strict=False)]


@dataclass(frozen=True)
class Protocol:
    """A protocol of a version, as its file says.

    Attributes:
        protocol_id: the same for all versions and languages.
        units: those it is meant for; `EVERY_UNIT` alone: all.
        levels: levels of tension that call it.
        validated_by: functions or bodies, as the hospital names them.
        valid_from, valid_until: first and last day.
        read_first: whether a newcomer to one of its units reads it before all others.
        body: Markdown.
        digest: of the file's bytes.
    """

    protocol_id: str
    version: int
    title: str
    language: Language
    units: tuple[str, ...]
    levels: tuple[str, ...]
    owner: str
    validated_by: tuple[str, ...]
    valid_from: date
    valid_until: date
    read_first: bool
    steps: tuple[Step, ...]
    body: str
    digest: str

    @property
    def skills(self) -> tuple[str, ...]:
        """Every skill that a step asks for, in the order of the steps."""
        return tuple(dict.fromkeys(skill for step in self.steps for skill in step.skills))

    def is_valid(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.valid_from <= day <= self.valid_until

    def is_for(self, unit: str) -> bool:
        """Whether it is meant for a unit."""
        return unit in self.units or self.units == (EVERY_UNIT,)


def protocol_bytes(path: Path) -> bytes:
    """The bytes of a protocol's file, which are what is signed.

    Raises:
        ProtocolError: it is not there, is no plain file, is empty, or is too large for a text.
    """
    try:
        content = read_plain_file(path, follow=True) if path.stat().st_size <= _MOST_BYTES else None
    except OSError:
        content = b""
    if content is None:
        raise ProtocolError((_fault(path.name, "too_large"),))
    if not content:
        raise ProtocolError((_fault(path.name, "unreadable"),))
    return content


def read_protocol(content: bytes) -> Protocol:
    """The protocol that these bytes (UTF-8) hold.

    Raises:
        ProtocolError: with every fault, by its path in the front matter.
    """
    front, body = _parts(content)
    try:
        matter = _FrontMatter.model_validate(cleaned(front))
    except ValidationError as error:
        raise ProtocolError(tuple(_faults(error))) from None
    faults = tuple(_contradictions(matter, body))
    if faults:
        raise ProtocolError(faults)
    values = dict(matter)
    return Protocol(
        protocol_id=values.pop("id"), **values, body=body.strip() + "\n", digest=sha256_bytes(content)
    )


def _parts(content: bytes) -> tuple[dict[str, Any], str]:
    """(front matter, body) of a file; line ends of all systems are one."""
    try:
        written = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ProtocolError((_fault("file", "not_utf8"),)) from None
    lines_ = written.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    fences = [n for n, line in enumerate(lines_) if line.rstrip() == _FENCE]
    if not fences or any(line.strip() for line in lines_[: fences[0]]):
        raise ProtocolError((_fault("file", "no_front_matter"),))
    if len(fences) < 2:
        raise ProtocolError((_fault("file", "open_front_matter"),))
    front = "\n".join(lines_[fences[0] + 1 : fences[1]])
    try:
        return tomllib.loads(front), "\n".join(lines_[fences[1] + 1 :])
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) + fences[0] + 1 if found else len(lines_)
        raise ProtocolError((_fault(f"file:{line}", "not_toml"),)) from None


def _faults(error: ValidationError) -> Iterator[Fault]:
    for one in error.errors(include_url=False, include_input=False, include_context=True):
        path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in one["loc"]).lstrip(".")
        kind = one["type"]
        if kind == "extra_forbidden":
            yield _fault(path, "unknown_key")
        elif kind == "missing":
            yield _fault(path, "missing_key")
        elif kind == "string_pattern_mismatch":
            yield _fault(path, "not_a_name")
        elif kind == "not_one_line":
            yield _fault(path, "not_one_line")
        else:
            context = one.get("ctx", {})
            limit = context.get("max_length") or context.get("le") or context.get("expected")
            least = context.get("min_length") or context.get("ge")
            if limit is not None:
                yield _fault(path, "beyond", limit=limit)
            elif least is not None:
                yield _fault(path, "below", limit=least)
            else:
                yield _fault(path, "wrong_kind", kind=kind.partition("_")[0])


def _contradictions(matter: _FrontMatter, body: str) -> Iterator[Fault]:
    if matter.valid_until < matter.valid_from:
        yield _fault("valid_until", "ends_before_it_begins")
    if EVERY_UNIT in matter.units and len(matter.units) > 1:
        yield _fault("units", "every_unit_and_more")
    for name in ("units", "levels", "validated_by"):
        values = getattr(matter, name)
        if len({v.casefold() for v in values}) < len(values):
            yield _fault(name, "repeated")
    if not body.strip():
        yield _fault("file", "no_body")


def _fault(path: str, code: str, **places: object) -> Fault:
    shown = {name: str(value) for name, value in places.items()}
    return Fault(path, code, message(f"practice.faults.{code}", **shown))


def lines(faults: tuple[Fault, ...], language: Language) -> list[str]:
    """One line for each fault of a protocol, in a language: where, and what to do."""
    return [
        text("practice.faults.line", language, None, path=one.path, message=one.words(language))
        for one in faults
    ]
