"""The reference of the mapping language, generated from its schema and the contracts.

`python -m hospital.mapping.mapping_reference > docs/mapping-reference.md` writes the page; a test compares it.
"""

import sys
from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hospital.contracts.tables import TABLES, Column, Table
from hospital.mapping.mapping_language import Head, NamePart, Source, TablePart, UnitPart

__all__ = ["reference"]

_OPENING = """# Reference of the mapping language

Generated from the schema that mapping files are checked against, and never written by hand:
`python -m hospital.mapping.mapping_reference > docs/mapping-reference.md`.
How to write one, with examples: [mappings.md](mappings.md).
"""
_PARTS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("`[mapping]`", Head, "What holds for the whole file."),
    (
        '`[units."NAME"]`',
        UnitPart,
        "Units that no file describes, and the names that units had before. With a file of units only `formerly`.",
    ),
    (
        '`[names."NAME"]`',
        NamePart,
        "What people call a group of units, a department, a covariate, an attribute, or a value of one (`sex=F`).",
    ),
    ("`[tables.NAME]`", TablePart, f"`NAME` is one of {', '.join(f'`{name}`' for name in TABLES)}."),
    (
        "A column",
        Source,
        'The name of the file\'s column (`unit = "WARD"`), or `{ ... }` with exactly one of the first seven keys.',
    ),
)


def reference() -> str:
    """The page, in Markdown."""
    lines = [_OPENING.rstrip()]
    for title, model, words in _PARTS:
        lines += ["", f"## {title}", "", words, "", "| key | | what it says |", "|---|---|---|"]
        lines += [_row(name, field) for name, field in model.model_fields.items()]
    lines += ["", "## The contract's columns", "", "`received_at` (time) may stand in every table."]
    for table in TABLES.values():
        lines += ["", *_table(table)]
    return "\n".join(lines) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {_default(field)} | {_cell(field.description or '')}{_choices(field)} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "" if field.default in (None, (), "") else f"default `{_literal(field.default)}`"


def _choices(field: FieldInfo) -> str:
    """The texts allowed, where only some are."""
    allowed = [c for c in get_args(field.annotation) if isinstance(c, str)]
    return f": {', '.join(f'`{_literal(c)}`' for c in allowed)}" if allowed else ""


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


def _table(table: Table) -> Iterator[str]:
    yield f"### {table.name}"
    yield ""
    yield f"A row is known by {', '.join(f'`{name}`' for name in table.key)}."
    yield ""
    yield "| column | | what it holds |"
    yield "|---|---|---|"
    for column in table.columns:
        required = "required" if column.required and (table.name, column.name) != ("units", "label") else ""
        yield f"| `{column.name}` | {required} | {_holds(column)} |"


def _holds(column: Column) -> str:
    words: str = column.kind.value
    if column.unit:
        words += f", {column.unit}"
    if column.minimum is not None and column.maximum is not None:
        words += f", {column.minimum:,.0f} to {column.maximum:,.0f}"
    if column.choices is not None:
        words += f": {', '.join(f'`{choice}`' for choice in column.choices)}"
    if column.planned:
        words += "; may lie ahead"
    if column.hindsight:
        words += "; of the visit being forecast never a feature"
    return words


if __name__ == "__main__":
    sys.stdout.write(reference())
