"""The contracts for requests: pydantic models generated from the one table of columns."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    create_model,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from hospital.contracts.codes import FREE_TEXTS, SCIENTIFIC, time_code, whole_code
from hospital.contracts.column_faults import (
    NAME_PATTERN,
    TEXT_LENGTH,
    TEXT_LENGTHS,
    column_fault,
    fault_code,
    name_fault,
    text_fault,
)
from hospital.contracts.fault_words import fault, message_of
from hospital.contracts.tables import TABLES, Column, Kind, Table
from hospital.contracts.text_cleaning import clean_text
from hospital.errors import ContractError, Fault
from hospital.times import MINUTE, TimeError, instant, parse_time

__all__ = ["CLOCK_TOLERANCE", "MOST_FAULTS", "model_of", "validate_rows"]

CLOCK_TOLERANCE = 5 * MINUTE
"""What has happened may lie this much after its reception: two machines' clocks never agree."""
MOST_FAULTS = 20_000
"""Faults after which no further row is read: a body of a few megabytes can have a million, which would take a minute
to name, and nobody reads them."""
_LONGEST = 10**19
"""No number of a time is longer, and a longer one need not be written out."""


def _fail(code: str) -> PydanticCustomError:
    return PydanticCustomError(code, "{words}", {"words": message_of(code)})


def _text(name: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        value = clean_text(value)
        code = text_fault(value, name)
        if code is not None:
            raise _fail(code)
        if name not in FREE_TEXTS and SCIENTIFIC.fullmatch(value):
            raise _fail("rounded_id")
        return value if name in FREE_TEXTS else whole_code(value)

    return check


def _extra_name(table: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        code = name_fault(table, value)
        if code is not None:
            raise _fail(code)
        return value

    return check


def _written_number(value: object) -> str:
    """A number as a file writes it, so that both are called the same; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LONGEST:
        return ""
    return str(int(value) if value == int(value) else value)


def _time(value: object) -> object:
    if not isinstance(value, str):
        raise _fail(time_code(_written_number(value)))
    try:
        return parse_time(value)
    except TimeError as error:
        raise _fail(error.code if error.code != "not_a_time" else time_code(value)) from None


def _code_as_listed(value: object) -> object:
    return whole_code(clean_text(value)) if isinstance(value, str) else value


def _whole(value: float) -> float:
    if not float(value).is_integer():
        raise _fail("not_an_integer")
    return value


def _type_of(column: Column) -> Any:
    if column.kind is Kind.TIME:
        return Annotated[
            datetime, BeforeValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})
        ]
    if column.kind in (Kind.NUMBER, Kind.INTEGER):
        number = Annotated[
            float, Field(strict=True, allow_inf_nan=False, ge=column.minimum, le=column.maximum)
        ]
        return Annotated[number, AfterValidator(_whole)] if column.kind is Kind.INTEGER else number
    if column.choices is not None:
        return Annotated[Literal[column.choices], BeforeValidator(_code_as_listed)]
    length = TEXT_LENGTHS.get(column.name, TEXT_LENGTH)
    schema = {"type": "string", "minLength": 1, "maxLength": length}
    return Annotated[str, Field(strict=True), AfterValidator(_text(column.name)), WithJsonSchema(schema)]


def _rule(table: Table, name: str) -> Any:
    """A validator of one time: after what must come before it, and not after its reception."""
    earlier = [r.earlier for r in table.rules if r.later == name]
    past = not table.by_name[name].planned

    def check(value: datetime | None, info: ValidationInfo) -> datetime | None:
        if value is None:
            return None
        for other in earlier:
            before = info.data.get(other)
            if before is not None and value < before:
                raise _fail(f"before_{other}")
        received = (info.context or {}).get("received_at")
        if past and received is not None and instant(value) > received + CLOCK_TOLERANCE:
            raise _fail("after_reception")
        return value

    return field_validator(name)(check)


@cache
def model_of(table: str) -> type[BaseModel]:
    """The pydantic model of a table's rows as an application sends them."""
    contract = TABLES[table]
    fields: dict[str, Any] = {}
    extra_name = Annotated[str, AfterValidator(_extra_name(table))]
    for column in contract.columns:
        kind = _type_of(column)
        fields[column.name] = (kind, ...) if column.required else (kind | None, None)
    if contract.extra == "audit":
        named = Annotated[str, Field(strict=True), AfterValidator(_text("audit"))]
        fields["audit"] = (dict[extra_name, named | None] | None, None)
    if contract.extra == "covariates":
        number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
        fields["covariates"] = (dict[extra_name, number | None] | None, None)
    rules = {f"rule_{c.name}": _rule(contract, c.name) for c in contract.columns if c.kind is Kind.TIME}
    config = ConfigDict(extra="forbid", frozen=True)
    name = "".join(part.capitalize() for part in table.split("_"))
    model: type[BaseModel] = create_model(name, __config__=config, __validators__=rules, **fields)
    return model


def validate_rows(
    table: str,
    rows: Sequence[object],
    received_at: datetime | int,
    *,
    at: str | None = None,
    keep_duplicates: bool = False,
) -> list[dict[str, Any]]:
    """Rows of a table as sent, as plain dicts with times as instants; covariates beside the other columns.

    Texts are cleaned: a name with a blank behind it is the same name.

    Args:
        received_at: when they were received (a time or its instant); every row gets it.
        at: how paths begin, by default the table's name.
        keep_duplicates: a row sent twice with the same content is kept twice, as one answer a row needs.

    Raises:
        ContractError: every fault of every row, until there are `MOST_FAULTS`.
    """
    received = received_at if isinstance(received_at, int) else instant(received_at)
    model, faults = model_of(table), []
    found: list[tuple[str, dict[str, Any]]] = []
    for number, row in enumerate(rows):
        where = f"{at or table}[{number}]"
        try:
            valid = model.model_validate(row, context={"received_at": received})
        except ValidationError as error:
            faults += [_fault(table, where, e["loc"], _code(table, e)) for e in error.errors()]
            if len(faults) >= MOST_FAULTS:
                break
        else:
            found.append((where, _plain(table, valid, received)))
    kept = _kept(table, found, keep_duplicates, faults)
    if faults:
        raise ContractError(tuple(faults))
    return kept


def _kept(
    table: str, found: Sequence[tuple[str, dict[str, Any]]], keep_duplicates: bool, faults: list[Fault]
) -> list[dict[str, Any]]:
    """The rows without duplicates; the same key with other content is a fault."""
    first: dict[tuple[Any, ...], dict[str, Any]] = {}
    kept = []
    for where, row in found:
        key = tuple(row[name] for name in TABLES[table].key)
        earlier = first.setdefault(key, row)
        if earlier != row:
            path = f"{where}.{TABLES[table].key[-1]}"
            faults.append(fault(path, "conflicting_revision/sent", key=TABLES[table].key))
        elif earlier is row or keep_duplicates:
            kept.append(row)
    return kept


def _plain(table: str, row: BaseModel, received_at: int) -> dict[str, Any]:
    values = dict(row.__dict__)
    for name in _TIMES[table]:
        if values[name] is not None:
            values[name] = instant(values[name])
    values |= values.pop("covariates", None) or {}
    return values | {"received_at": received_at}


_TIMES = {name: [c.name for c in table.columns if c.kind is Kind.TIME] for name, table in TABLES.items()}


def _fault(table: str, where: str, loc: tuple[int | str, ...], code: str) -> Fault:
    # A sender's own words for a column may be anything, a patient's name too: only names are shown.
    parts = [str(part) if NAME_PATTERN.fullmatch(str(part)) else "?" for part in loc if part != "[key]"]
    column = TABLES[table].by_name.get(str(loc[0])) if len(loc) == 1 else None
    return column_fault(".".join([where, *parts]), code, column)


def _code(table: str, error: ErrorDetails) -> str:
    column = TABLES[table].by_name.get(str(error["loc"][0])) if error["loc"] else None
    if column is not None and error["input"] is None:
        return "missing"
    if column is not None and column.choices is not None and error["type"] == "string_unicode":
        return "not_a_choice"
    return fault_code(error["type"])
