"""The mapping language: every key of a mapping file, what it takes, and its words in the reference.

The page docs/mapping-reference.md is generated from these models (`hospital.mapping.mapping_reference`).
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from hospital.contracts.cell_values import Thousands
from hospital.contracts.fault_words import refusal
from hospital.mapping.mapping_values import (
    Code,
    Codes,
    ColumnName,
    Day,
    Encoding,
    Number,
    Separator,
    SeveralColumns,
    file_names,
    line_numbers,
    zone_name,
)
from hospital.times import Repeated, Skipped
from hospital.words.language import Language

__all__ = ["FILE_NAME", "SHEET_NAME", "Condition", "Head", "NamePart", "Source", "TablePart", "UnitPart"]

FILE_NAME = "@file"
SHEET_NAME = "@sheet"
"""A column that every file has: its own name without the ending, as in ``nord`` for ``nord.csv``."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Head(_Strict):
    """`[mapping]`: what holds for the whole file."""

    name: str = Field(description="what people call this source")
    zone: Annotated[str, AfterValidator(zone_name)] = Field(
        description="the time zone of times written without one, as in `Europe/Paris`, and of the local clock"
    )
    country: StrictStr = Field(
        "",
        description="whose public holidays count: the two letters of ISO 3166-1, as in `IT`; without it the country of "
        "the time zone",
    )
    region: StrictStr = Field(
        "",
        description="the region of that country, where it has days of its own: a code or a name, as in `BY`, `Bayern`, "
        "`Alsace` or `MI`; without it the days of the whole country",
    )
    school_zone: StrictStr = Field(
        "",
        description="France: the zone of the school holidays, `A`, `B` or `C`; without it school holidays are unknown, "
        "as they are in Corsica, overseas and other countries",
    )
    source: str = Field("", description="where the data come from; shown, not interpreted")
    licence: str = Field("", description="on which terms; shown, not interpreted")
    repeated_hour: Repeated = Field(
        "refuse",
        description="which of the two hours is meant when the clock goes back in autumn; `in_order`: a census or "
        "staffing has a row for each, the first row the first of them (the last, where a file begins with the newest)",
    )
    skipped_hour: Skipped = Field(
        "refuse",
        description="what becomes of a time in the hour that the clock skips in spring; `shift`: the program's clock "
        "had not gone forward yet, so 02:30 is 03:30",
    )
    refused_rows: Annotated[float, Field(ge=0, le=0.1, allow_inf_nan=False)] = Field(
        0.01,
        description="the share of a table's rows, at most, that are left out because a time in them is impossible (no "
        "time, before what it follows, after its reception); each cause is a finding. Above it the file is refused",
    )
    decimal: Literal[".", ","] = Field(".", description="the decimal sign of numbers written as text")
    thousands: Thousands | None = Field(
        None,
        description='the sign between groups of three digits of numbers written as text, as in `"."` for 1.211, or '
        '`"none"`; without it a column in which 1.211 could be 1211 or a little more than one is refused. Blanks and '
        "apostrophes between the groups need no word",
    )
    missing: Codes = Field((), description="codes that mean unknown, in every column of every table")
    encoding: Encoding | None = Field(
        None,
        description="CSV files: how letters are written, as in `cp1252`, `latin-1` or `utf-16`; without it UTF-8, "
        "or what the byte-order mark of the file says. A table may have its own",
    )
    separator: Separator | None = Field(
        None,
        description='CSV files: the sign between cells, as in `";"` or `"tab"`; without it the one that fits',
    )

    @model_validator(mode="after")
    def _two_signs(self) -> "Head":
        if self.thousands == self.decimal and "decimal" in self.model_fields_set:
            raise refusal("one_sign")
        return self

    @property
    def decimal_sign(self) -> str:
        """The sign before decimals; where only the one between thousands is named, the other one."""
        if self.thousands != self.decimal:
            return self.decimal
        return "," if self.thousands == "." else "."


class UnitPart(_Strict):
    """`[units."NAME"]`: a unit that no file of units describes, and the names that it had before."""

    label: str | None = Field(None, description="what people call it; without it the name")
    label_fr: str | None = Field(None, description="the same on French pages; without it `label`")
    label_en: str | None = Field(None, description="the same on English pages; without it `label`")
    site: str | None = Field(None, description="FINESS number of its site, where there are several")
    group: str | None = Field(None, description="the group of units that it is judged in")
    open_from: Day | None = Field(None, description="since when it is open: a date or a time")
    open_to: Day | None = Field(None, description="until when")
    formerly: tuple[str, ...] = Field(
        (),
        description="names that the files also use for it: renamed, or several merged into it. Their rows "
        "count as its own; where several were counted at the same time, their census is added",
    )

    @property
    def describes(self) -> bool:
        """Whether it says more than former names."""
        return bool(self.model_fields_set - {"formerly"})


class NamePart(_Strict):
    """`[names."NAME"]`: what people call a group of units, department, covariate, attribute, or value (`sex=F`)."""

    fr: str | None = Field(None, description="on French pages; without it `en`")
    en: str | None = Field(None, description="on English pages; without it `fr`")

    @property
    def by_language(self) -> dict[Language, str]:
        """The names that are given."""
        both: dict[Language, str | None] = {"fr": self.fr, "en": self.en}
        return {language: name for language, name in both.items() if name}


class Condition(_Strict):
    """Which cells of a column are meant: one of some codes, or none of them."""

    only: Codes | None = None
    excluded: Codes = ()


def _condition(value: object) -> object:
    """A code, a list of codes, or ``{ not = … }``, as a `Condition`."""
    excludes = isinstance(value, dict) and set(value) == {"not"}
    codes = value["not"] if isinstance(value, dict) and excludes else value
    several = codes if isinstance(codes, list) else [codes]
    if not several or any(isinstance(code, (dict, list)) for code in several):
        raise refusal("not_a_condition", form="{ not = [...] }")
    texts = [str(code) if isinstance(code, bool) else code for code in several]
    return Condition.model_validate({"excluded" if excludes else "only": texts})


_Where = dict[ColumnName, Annotated[Condition, BeforeValidator(_condition)]]


class TablePart(_Strict):
    """`[tables.NAME]`: from which files a table is made, and how. `columns` is all that most need."""

    file: Annotated[tuple[str, ...] | None, BeforeValidator(file_names)] = Field(
        None,
        description="the file's name in the hospital's folder, or a list of names; `*` stands for any "
        'characters (`"visits_*.csv"`). Without it `NAME.csv`, `.tsv`, `.parquet`, `.xlsx` or `.ods`, or the one '
        "file that is given in place of a folder",
    )
    sheet: StrictStr | None = Field(None, description="spreadsheets: the sheet's name; without it the first")
    sheets: Annotated[tuple[str, ...] | None, BeforeValidator(file_names)] = Field(
        None,
        description="spreadsheets with several sheets of one form, as one a month: their names, or `*` for any "
        'characters (`"2024-*"`); `"all"` for all. Those without a row are left out',
    )
    header_row: Annotated[tuple[int, ...] | None, BeforeValidator(line_numbers)] = Field(
        None,
        description="spreadsheets and CSV: the line that holds the names, from 1; without it the first that is not "
        "empty. Two lines (`[4, 5]`) where the upper one groups columns: names are then as in `Surgery beds`",
    )
    footer_rows: Annotated[StrictInt, Field(ge=0)] = Field(
        0,
        description="spreadsheets and CSV: lines at the end (of each sheet), as a line of totals, that are not read",
    )
    encoding: Encoding | None = Field(None, description="CSV: as in `[mapping]`, for this table")
    separator: Separator | None = Field(None, description="CSV: as in `[mapping]`, for this table")
    where: _Where = Field(
        {},
        description="which rows of the file are read: for each column named a code, a list of codes, or "
        '`{ not = [...] }`, as in `{ SEX = "both", WARD = { not = ["TOTAL"] } }`; `""` is an empty cell. All must '
        "hold. A code that is in no row is a fault",
    )
    columns: Any = Field(
        None, description="a line for each contract column that the file holds; all the required ones"
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
        None,
        description="census: further numbers that a model may use, named otherwise than `demand` and `hospital`. "
        "May be a list too",
    )


class Source(_Strict):
    """A column: the name of the file's column in quotes, or `{ ... }` with exactly one of the first seven."""

    column: ColumnName | None = Field(
        None,
        description=f"one column; `{FILE_NAME}` is the name of the file, without its ending, `{SHEET_NAME}` that of "
        "the sheet, where `sheet` or `sheets` names it",
    )
    sum: SeveralColumns | None = Field(None, description="numbers: two columns or more, added")
    difference: SeveralColumns | None = Field(
        None, description="numbers: two columns or more, the first less the others"
    )
    join: SeveralColumns | None = Field(
        None, description="texts and times: two columns or more, written one after the other"
    )
    years_since: ColumnName | None = Field(
        None,
        description="numbers of visits: a column with a date; whole years from it to the arrival (the age, "
        "where the file has only the date of birth, which is not kept)",
    )
    constant: StrictStr | StrictInt | StrictFloat | None = Field(
        None, description="the same value in every row; stands alone"
    )
    cases: tuple["Source", ...] | None = Field(
        None,
        min_length=2,
        description="several columns, `[{ ..., where = { ... } }, ...]`: the first whose `where` holds gives the "
        "value, the last needs none; where none holds the value is unknown",
    )
    where: _Where = Field(
        {}, description="the value is known only in rows where this holds; as in `[tables.NAME]`"
    )
    codes: dict[str, Code] | None = Field(
        None, description="what each code means; one that is neither here nor under `missing` is a fault"
    )
    missing: Codes = Field((), description="further codes that mean unknown, in this column")
    format: str | None = Field(
        None,
        description="times and `years_since`: how they are written, in the signs of `strptime`; without it "
        "ISO 8601",
    )
    scale: Number = Field(1.0, description="numbers: value x scale + offset, for other units of measure")
    offset: Number = Field(0.0, description="see `scale`")
    between: str = Field(" ", description="`join`: what is written between the parts")

    @property
    def columns(self) -> tuple[str, ...]:
        """The file's columns that it needs."""
        one = self.column if self.column is not None else self.years_since
        own = (one,) if one is not None else (self.sum or self.difference or self.join or ())
        others = [name for case in self.cases or () for name in case.columns]
        return (*own, *others, *self.where)
