"""What a profile says of a hospital's tables: counts, shares and days, never a row's own value and no id.

A day shown is a day of many rows, or of none; a share of people is one of at least `FLOOR`.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

__all__ = [
    "FLOOR",
    "Attribute",
    "ColumnProfile",
    "FeatureProfile",
    "Finding",
    "Gap",
    "Group",
    "HorizonProfile",
    "ModelProfile",
    "Profile",
    "TableProfile",
    "UnitProfile",
    "Week",
    "Weight",
]

FLOOR = 10
"""Groups of people smaller than this are not named; a span begins and ends with its tenth row from outside."""


class Weight(StrEnum):
    """Whether a person should look at a finding (exit code 1), or may know it."""

    LOOK = "look"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing that was found in a table.

    Attributes:
        code: a stable word; docs/data-check.md says what each means and what to do.
        column, unit: where in the table; "" where it concerns all of it.
        rows: rows concerned.
        share: of the rows judged, 0 to 1; None where a count says all.
        first, last: local days (ISO 8601) from and to which it holds; "" where no day is meant.
        before, after: medians on both sides of a level shift, or a measure that the code names.
        said: what reading said of it, in English, for codes that have no other words.
        names: units, values, or days of the week from Monday 0 on, that it is about beside its own.
        days: local days concerned, where `first` and `last` do not say it by themselves; 0 where no day is meant.
        clock: local time of day that it is about (``07:00``), or of day and end (``02:00-05:00``); "" where none is.
    """

    table: str
    code: str
    weight: Weight
    column: str = ""
    unit: str = ""
    rows: int = 0
    share: float | None = None
    first: str = ""
    last: str = ""
    before: float | None = None
    after: float | None = None
    said: str = ""
    names: tuple[str, ...] = ()
    days: int = 0
    clock: str = ""


@dataclass(frozen=True)
class Gap:
    """Time without any row where there normally are some.

    Attributes:
        first, last: local days of the rows on either side.
        hours: between these two rows.
        expected: rows that usually come in such a time.
    """

    first: str
    last: str
    hours: float
    expected: float


@dataclass(frozen=True)
class Week:
    """Rows of a week, by the local Monday it begins on."""

    monday: str
    rows: int


@dataclass(frozen=True)
class Group:
    """A group of people of an audit attribute, with its share of those for whom it is known."""

    value: str
    share: float


@dataclass(frozen=True)
class Attribute:
    """An audit attribute.

    Attributes:
        missing: share of rows for which it is not known.
        groups: those of at least `FLOOR`, largest first.
        small_groups: whether there are smaller ones, of which nothing is said.
    """

    name: str
    missing: float
    groups: tuple[Group, ...]
    small_groups: bool


@dataclass(frozen=True)
class ColumnProfile:
    """A column.

    Attributes:
        missing: share of rows without it, as all is known now; 1.0 where the file has none.
        features: names of the features that need it, as ``model:feature``: what its absence costs.
    """

    name: str
    required: bool
    missing: float
    features: tuple[str, ...]


@dataclass(frozen=True)
class TableProfile:
    """A table.

    Attributes:
        present: whether the hospital has it.
        rows: by key.
        revisions: rows received again since, with other content; None where the files do not say when they
            were received.
        first, last: local days from where the record is whole to its tenth row from the end; "" with fewer
            than 20 rows, or without a time.
        features: lost without the whole table, as ``model:feature``.
    """

    name: str
    present: bool
    rows: int
    revisions: int | None
    first: str
    last: str
    columns: tuple[ColumnProfile, ...]
    weeks: tuple[Week, ...]
    gaps: tuple[Gap, ...]
    attributes: tuple[Attribute, ...]
    features: tuple[str, ...]


@dataclass(frozen=True)
class UnitProfile:
    """A unit in stays or census.

    Attributes:
        first, last: local days of its first and last counts in a census; of its stays as `TableProfile` has them.
        days: between them.
        open_from, open_to: as the table of units has them, or "".
        baseline_only: its history is too short for a model: it gets the baseline.
    """

    unit: str
    label: str
    group: str
    rows: int
    first: str
    last: str
    days: float
    open_from: str
    open_to: str
    gaps: tuple[Gap, ...]
    baseline_only: bool


@dataclass(frozen=True)
class FeatureProfile:
    """A feature of a model.

    Attributes:
        exists: whether these tables give it.
        lacks: ``table.column`` (or ``table``, ``history``, ``cadence``) that it lacks, any of which would
            have to be filled for it to exist.
    """

    name: str
    label_fr: str
    label_en: str
    exists: bool
    lacks: tuple[str, ...]

    def label(self, language: str) -> str:
        """The label in French (``fr``) or English."""
        return self.label_fr if language == "fr" else self.label_en


@dataclass(frozen=True)
class HorizonProfile:
    """Whether the history is long enough for a horizon; 0 hours is a wait time's.

    Attributes:
        needed_days, usable_days: of prediction times, after the warm-up.
    """

    hours: float
    needed_days: float
    usable_days: float

    @property
    def possible(self) -> bool:
        """Whether it can be trained."""
        return self.usable_days >= self.needed_days


@dataclass(frozen=True)
class ModelProfile:
    """What the tables are good for.

    Attributes:
        lacks: ``table.column`` without which there is no such model at all; empty: there is.
        history_days: from where the record is whole to its end, without the gaps.
        baseline_first: less than six months: the first release is the signed baseline alone.
        season: whether there are two years, from which a season can be learned.
    """

    model: str
    lacks: tuple[str, ...]
    history_days: float
    horizons: tuple[HorizonProfile, ...]
    baseline_first: bool
    season: bool
    features: tuple[FeatureProfile, ...]

    @property
    def possible(self) -> bool:
        """Whether any horizon can be trained."""
        return not self.lacks and any(h.possible for h in self.horizons)


@dataclass(frozen=True)
class Profile:
    """A hospital's tables before any training.

    Attributes:
        now: the time (ISO 8601, UTC) against which the future is judged.
        zone: the hospital's.
        cadence: of a census given directly, "hourly" or "daily"; None where there is none.
        findings: those to look at first.
    """

    source: str
    source_digest: str
    now: str
    zone: str
    cadence: str | None
    tables: tuple[TableProfile, ...]
    units: tuple[UnitProfile, ...]
    models: tuple[ModelProfile, ...]
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        """Whether there is nothing that a person should look at."""
        return all(f.weight is not Weight.LOOK for f in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The profile for machines."""
        body = asdict(self)
        for model, written in zip(self.models, body["models"], strict=True):
            written["possible"] = model.possible
            for horizon, line in zip(model.horizons, written["horizons"], strict=True):
                line["possible"] = horizon.possible
        return {"verdict": "clean" if self.clean else "look", **body}
