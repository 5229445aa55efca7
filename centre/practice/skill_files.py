"""Skills, trainings, needs and shifts as a hospital keeps them: CSV files in one folder, every fault by file and line.

A file that is not there says nothing: what would follow from it is not known. A line with a fault is left out and
named, so that nobody counts as a holder by mistake.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from centre.practice.skill_coverage import SkillNeed
from centre.practice.skill_register import Held, Opening, SkillRegister
from serving.interface.files import Fault, VigieError, message, read_plain_file

__all__ = ["COLUMNS", "SkillRecord", "read_skills"]

_MOST_BYTES = 5_000_000


def _text(value: str) -> str:
    if not value or len(value) > 200:
        raise ValueError
    return value


def _day(value: str) -> date:
    return date.fromisoformat(value)


def _day_or_ever(value: str) -> date | None:
    return _day(value) if value else None


def _whole(value: str) -> int:
    number = int(value)
    if not 0 <= number <= 10_000:
        raise ValueError
    return number


def _whole_or_none(value: str) -> int:
    return _whole(value) if value else 0


def _patients(value: str) -> float:
    number = float(value.replace(",", "."))
    if not 0 < number <= 10_000:
        raise ValueError
    return number


def _kind(value: str) -> str:
    if value not in ("training", "mobility"):
        raise ValueError
    return value


COLUMNS: Mapping[str, Mapping[str, Callable[[str], Any]]] = {
    "held.csv": {"person": _text, "skill": _text, "until": _day_or_ever, "home_unit": _text},
    "openings.csv": {
        "kind": _kind,
        "skill": _text,
        "title": _text,
        "unit": _text,
        "starts_on": _day,
        "places": _whole,
    },
    "needs.csv": {"unit": _text, "skill": _text, "patients_each": _patients, "at_least": _whole_or_none},
    "shifts.csv": {"unit": _text, "day": _day, "person": _text},
    "names.csv": {"person": _text, "name": _text},
}
"""The files with their columns, each with what reads a value of it."""


@dataclass(frozen=True)
class SkillRecord:
    """What the files say.

    Attributes:
        held: of every person and skill.
        shifts: by unit and day, pseudonyms of those on shift; what is not in it is not known.
        names: by pseudonym; for pages alone.
        faults: of the files, by file and line.
    """

    held: tuple[Held, ...] = ()
    openings: tuple[Opening, ...] = ()
    needs: tuple[SkillNeed, ...] = ()
    shifts: Mapping[tuple[str, date], frozenset[str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @property
    def register(self) -> SkillRegister:
        """Skills and openings, asked by day."""
        return SkillRegister(self.held, self.openings)

    def shifts_of(self, day: date) -> dict[str, frozenset[str]]:
        """By unit, those on shift on a day."""
        return {unit: people for (unit, on), people in self.shifts.items() if on == day}


def read_skills(folder: Path) -> SkillRecord:
    """The record of a folder; an empty one where there is none."""
    faults: list[Fault] = []
    rows = {name: list(_rows(folder / name, columns, faults)) for name, columns in COLUMNS.items()}
    shifts: dict[tuple[str, date], set[str]] = {}
    for row in rows["shifts.csv"]:
        shifts.setdefault((row["unit"], row["day"]), set()).add(row["person"])
    return SkillRecord(
        tuple(Held(**row) for row in rows["held.csv"]),
        tuple(Opening(**row) for row in rows["openings.csv"]),
        tuple(SkillNeed(**row) for row in rows["needs.csv"]),
        {key: frozenset(people) for key, people in shifts.items()},
        {row["person"]: row["name"] for row in rows["names.csv"]},
        tuple(faults),
    )


def _rows(
    path: Path, columns: Mapping[str, Callable[[str], Any]], faults: list[Fault]
) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    try:
        content = read_plain_file(path, follow=True) if path.stat().st_size <= _MOST_BYTES else b""
        words = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError, VigieError):
        faults.append(_fault(path.name, "unreadable"))
        return
    lines = csv.DictReader(
        io.StringIO(words, newline=""), delimiter=";" if ";" in words.partition("\n")[0] else ","
    )
    given = [name.strip() for name in lines.fieldnames or ()]
    wrong = [_fault(f"{path.name}.{c}", "missing_key") for c in columns if c not in given]
    wrong += [_fault(f"{path.name}.{c}", "unknown_key") for c in given if c not in columns]
    faults.extend(wrong)
    if wrong:
        return
    for line in lines:
        row, bad = _row({str(k).strip(): v for k, v in line.items()}, columns)
        faults.extend(_fault(f"{path.name}:{lines.line_num}.{name}", "not_a_value") for name in bad)
        if not bad:
            yield row


def _fault(path: str, code: str) -> Fault:
    return Fault(path, code, message(f"practice.faults.{code}"))


def _row(
    line: Mapping[str, Any], columns: Mapping[str, Callable[[str], Any]]
) -> tuple[dict[str, Any], list[str]]:
    row: dict[str, Any] = {}
    bad = []
    for name, reads in columns.items():
        try:
            row[name] = reads((line.get(name) or "").strip())
        except ValueError:
            bad.append(name)
    if "None" in line:  # more cells than columns
        bad.append("columns")
    return row, bad
