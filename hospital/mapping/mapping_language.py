"""The mapping language: every key of a mapping file, what it takes, and its words in the reference.

The page docs/mapping-reference.md is generated from these models (`hospital.mapping.mapping_reference`).
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
)
from pydantic_core import PydanticCustomError

from hospital.times import Repeated

__all__ = ["FILE_NAME", "Head", "Source", "TablePart", "UnitPart"]

FILE_NAME = "@file"
"""A column that every file has: its own name without the ending, as in ``nord`` for ``nord.csv``."""


def _as_text(value: object) -> object:
    """A code as people write it in TOML: -9 for "-9"."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        words = "there is no such time zone; name one as in Europe/Paris"
        raise PydanticCustomError("unknown_zone", "{words}", {"words": words}) from None
    return value


def _names(value: object) -> object:
    """One name or several, as a tuple."""
    several = [value] if isinstance(value, str) else value
    if not isinstance(several, list) or not several or not all(isinstance(n, str) and n for n in several):
        words = "the name of a file is expected, or a list of names"
        raise PydanticCustomError("not_text", "{words}", {"words": words})
    return tuple(several)


def _day(value: object) -> object:
    """A date as TOML or a text writes it, as text."""
    return value.isoformat() if isinstance(value, (date, datetime)) else value


_Code = Annotated[str, BeforeValidator(_as_text)]
_Codes = tuple[_Code, ...]
_Several = Annotated[tuple[str, ...], Field(min_length=2)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Day = Annotated[str, BeforeValidator(_day)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Head(_Strict):
    """`[mapping]`: what holds for the whole file."""

    name: str = Field(description="what people call this source")
    zone: Annotated[str, AfterValidator(_zone)] = Field(
        description="the time zone of times written without one, as in `Europe/Paris`, and of the local clock"
    )
    source: str = Field("", description="where the data come from; shown, not interpreted")
    licence: str = Field("", description="on which terms; shown, not interpreted")
    repeated_hour: Repeated = Field(
        "refuse", description="which of the two hours is meant when the clock goes back in autumn"
    )
    decimal: Literal[".", ","] = Field(".", description="the decimal sign of numbers written as text")
    missing: _Codes = Field((), description="codes that mean unknown, in every column of every table")


class UnitPart(_Strict):
    """`[units."NAME"]`: a unit that no file of units describes, and the names that it had before."""

    label: str | None = Field(None, description="what people call it; without it the name")
    site: str | None = Field(None, description="FINESS number of its site, where there are several")
    group: str | None = Field(None, description="the group of units that it is judged in")
    open_from: _Day | None = Field(None, description="since when it is open: a date or a time")
    open_to: _Day | None = Field(None, description="until when")
    formerly: tuple[str, ...] = Field(
        (),
        description="names that the files also use for it: renamed, or several merged into it. Their rows "
        "count as its own; where several were counted at the same time, their census is added",
    )

    @property
    def describes(self) -> bool:
        """Whether it says more than former names."""
        return bool(self.model_fields_set - {"formerly"})


class TablePart(_Strict):
    """`[tables.NAME]`: from which files a table is made, and how. `columns` is all that most need."""

    file: Annotated[tuple[str, ...] | None, BeforeValidator(_names)] = Field(
        None,
        description="the file's name in the hospital's folder, or a list of names; `*` stands for any "
        'characters (`"visits_*.csv"`). Without it `NAME.csv`, `.csv.gz`, `.parquet` or `.xlsx`, or the one '
        "file that is given in place of a folder",
    )
    sheet: StrictStr | None = Field(None, description="spreadsheets: the sheet's name; without it the first")
    header_row: Annotated[StrictInt, Field(ge=1)] | None = Field(
        None,
        description="spreadsheets: the line that holds the names; without it the first that is not empty",
    )
    columns: Any = Field(
        None, description="a line for each contract column that the file tells of; all the required ones"
    )
    units: Any = Field(
        None,
        description="census and staffing, where each unit has columns of its own: a line for each unit with "
        'its columns, as in `"Surgery" = { occupied = "SURG", staffed = "SURG_BEDS" }`. Rows where a unit\'s '
        "cells are all empty are left out: nothing is known of it then",
    )
    audit: Any = Field(
        None,
        description="visits: attributes by which a model is judged and which it never sees; texts. May be a "
        "list, where the file's columns have the names wanted",
    )
    covariates: Any = Field(
        None, description="census: further numbers that a model may use. May be a list too"
    )


class Source(_Strict):
    """A column: the name of the file's column in quotes, or `{ ... }` with exactly one of the first six."""

    column: str | None = Field(
        None, description=f"one column; `{FILE_NAME}` is the name of the file, without its ending"
    )
    sum: _Several | None = Field(None, description="numbers: two columns or more, added")
    difference: _Several | None = Field(
        None, description="numbers: two columns or more, the first less the others"
    )
    join: _Several | None = Field(
        None, description="texts and times: two columns or more, written one after the other"
    )
    years_since: str | None = Field(
        None,
        description="numbers of visits: a column with a date; whole years from it to the arrival (the age, "
        "where the file has only the date of birth, which is not kept)",
    )
    constant: StrictStr | StrictInt | StrictFloat | None = Field(
        None, description="the same value in every row; stands alone"
    )
    codes: dict[str, _Code] | None = Field(
        None, description="what each code means; one that is neither here nor under `missing` is a fault"
    )
    missing: _Codes = Field((), description="further codes that mean unknown, in this column")
    format: str | None = Field(
        None,
        description="times and `years_since`: how they are written, in the signs of `strptime`; without it "
        "ISO 8601",
    )
    scale: _Number = Field(1.0, description="numbers: value x scale + offset, for other units of measure")
    offset: _Number = Field(0.0, description="see `scale`")
    between: str = Field(" ", description="`join`: what is written between the parts")

    @property
    def columns(self) -> tuple[str, ...]:
        """The file's columns that it needs."""
        one = self.column if self.column is not None else self.years_since
        return (one,) if one is not None else (self.sum or self.difference or self.join or ())
