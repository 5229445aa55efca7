"""The one table of columns: from it come the pandera schemas, the pydantic models and the docs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["ROLES", "TABLES", "Column", "Kind", "Order", "Table"]

ROLES = ("bed", "doctor", "nurse", "place")
"""Roles of staffing that are read; a row of another one is kept, and nothing counts it."""


class Kind(StrEnum):
    """What a column holds."""

    ID = "id"
    TEXT = "text"
    TIME = "time"
    NUMBER = "number"
    INTEGER = "integer"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name, kind: as in files and requests.
        required: a missing value is refused; else it stays missing.
        minimum, maximum: bounds of numbers, included.
        choices: the only texts allowed.
        planned: a time that may lie ahead of its reception.
        known_with: the time column with which the value becomes known.
        hindsight: of the visit being forecast, not known when it is.
        unit: of numbers, for people.
    """

    name: str
    kind: Kind
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] | None = None
    planned: bool = False
    known_with: str | None = None
    hindsight: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Order:
    """`later`, where both are known, is not before `earlier`; a fault is reported at `later`."""

    earlier: str
    later: str


@dataclass(frozen=True)
class Table:
    """A table of the contract.

    Attributes:
        key: the columns that say which row it is.
        time: its primary time, None where it has none.
        extra: whether a mapping may declare further columns: "audit" (texts) or "covariates" (numbers).
    """

    name: str
    key: tuple[str, ...]
    time: str | None
    columns: tuple[Column, ...]
    rules: tuple[Order, ...] = ()
    extra: str | None = None
    by_name: Mapping[str, Column] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {c.name: c for c in self.columns})

    @property
    def event_times(self) -> tuple[str, ...]:
        """Times of what has happened, in contract order."""
        return tuple(c.name for c in self.columns if c.kind is Kind.TIME and not c.planned)


_YES_NO = ("yes", "no")
_ID, _TEXT, _TIME, _NUMBER, _INTEGER = Kind.ID, Kind.TEXT, Kind.TIME, Kind.NUMBER, Kind.INTEGER

_UNITS = Table(
    "units",
    ("unit",),
    None,
    (
        Column("unit", _ID, required=True),
        Column("label", _TEXT, required=True),
        Column("label_fr", _TEXT),
        Column("label_en", _TEXT),
        Column("site", _TEXT),
        Column("group", _TEXT),
        Column("open_from", _TIME, planned=True),
        Column("open_to", _TIME, planned=True),
        Column("predecessor", _TEXT),
        Column("closure_reason", _TEXT),
    ),
    (Order("open_from", "open_to"),),
)

_STAFFING = Table(
    "staffing",
    ("at", "unit", "role"),
    "at",
    (
        Column("at", _TIME, required=True, planned=True),
        Column("unit", _ID, required=True),
        Column("role", _TEXT, required=True),
        Column("count", _NUMBER, required=True, minimum=0, maximum=10_000),
        Column("known_at", _TIME),
    ),
)

_VISITS = Table(
    "visits",
    ("visit_id",),
    "arrived_at",
    (
        Column("visit_id", _ID, required=True),
        Column("department", _TEXT, known_with="arrived_at"),
        Column("arrived_at", _TIME, required=True),
        Column("triaged_at", _TIME),
        Column("seen_at", _TIME, hindsight=True),
        Column("bed_requested_at", _TIME, hindsight=True),
        Column("left_at", _TIME, hindsight=True),
        Column("triage", _TEXT, choices=("1", "2", "3A", "3B", "3", "4", "5"), known_with="triaged_at"),
        Column(
            "arrival_mode",
            _TEXT,
            choices=("walk_in", "ambulance", "smur", "transfer", "other"),
            known_with="arrived_at",
        ),
        Column("reason", _TEXT, known_with="arrived_at"),
        Column("age_years", _INTEGER, minimum=0, maximum=130, known_with="arrived_at", unit="years"),
        Column("heart_rate", _NUMBER, minimum=0, maximum=350, known_with="triaged_at", unit="/min"),
        Column("systolic_mmhg", _NUMBER, minimum=0, maximum=350, known_with="triaged_at", unit="mmHg"),
        Column("diastolic_mmhg", _NUMBER, minimum=0, maximum=250, known_with="triaged_at", unit="mmHg"),
        Column("respiratory_rate", _NUMBER, minimum=0, maximum=120, known_with="triaged_at", unit="/min"),
        Column("temperature_celsius", _NUMBER, minimum=20, maximum=45, known_with="triaged_at", unit="°C"),
        Column("spo2_percent", _NUMBER, minimum=0, maximum=100, known_with="triaged_at", unit="%"),
        Column("pain_0_10", _NUMBER, minimum=0, maximum=10, known_with="triaged_at"),
        Column("critical", _TEXT, choices=_YES_NO, known_with="triaged_at"),
        Column(
            "disposition",
            _TEXT,
            choices=("home", "admitted", "left_unseen", "transfer", "died", "other"),
            known_with="left_at",
            hindsight=True,
        ),
        Column("destination_unit", _TEXT, known_with="bed_requested_at", hindsight=True),
    ),
    (
        Order("arrived_at", "triaged_at"),
        Order("arrived_at", "seen_at"),
        Order("arrived_at", "bed_requested_at"),
        Order("arrived_at", "left_at"),
        Order("seen_at", "left_at"),
        Order("bed_requested_at", "left_at"),
    ),
    extra="audit",
)

_STAYS = Table(
    "stays",
    ("stay_id",),
    "entered_at",
    (
        Column("stay_id", _ID, required=True),
        Column("visit_id", _ID, known_with="entered_at"),
        Column("unit", _ID, required=True, known_with="entered_at"),
        Column("entered_at", _TIME, required=True),
        Column("left_at", _TIME),
        Column(
            "source",
            _TEXT,
            required=True,
            choices=("emergency", "elective", "transfer"),
            known_with="entered_at",
        ),
        Column("expected_left_at", _TIME, planned=True, known_with="expected_known_at"),
        Column("expected_known_at", _TIME),
    ),
    (Order("entered_at", "left_at"), Order("entered_at", "expected_left_at")),
)

_OPERATIONS = Table(
    "operations",
    ("operation_id",),
    "planned_at",
    (
        Column("operation_id", _ID, required=True),
        Column("unit", _ID, required=True, known_with="booked_at"),
        Column("booked_at", _TIME, required=True),
        Column("planned_at", _TIME, required=True, planned=True, known_with="booked_at"),
        Column("minutes", _NUMBER, minimum=0, maximum=2880, known_with="booked_at", unit="min"),
        Column("cancelled_at", _TIME),
        Column("started_at", _TIME),
        Column("ended_at", _TIME),
        Column("urgent", _TEXT, choices=_YES_NO, known_with="booked_at"),
        Column("room", _TEXT, known_with="booked_at"),
    ),
    (Order("booked_at", "cancelled_at"), Order("started_at", "ended_at")),
)

_CENSUS = Table(
    "census",
    ("unit", "at"),
    "at",
    (
        Column("unit", _ID, required=True),
        Column("at", _TIME, required=True),
        Column("occupied", _NUMBER, required=True, minimum=0, maximum=1_000_000),
        Column("staffed", _NUMBER, minimum=0, maximum=1_000_000),
        Column("waiting", _NUMBER, minimum=0, maximum=1_000_000),
        Column("admissions", _NUMBER, minimum=0, maximum=1_000_000),
        Column("discharges", _NUMBER, minimum=0, maximum=1_000_000),
    ),
    extra="covariates",
)

TABLES: Mapping[str, Table] = {t.name: t for t in (_UNITS, _STAFFING, _VISITS, _STAYS, _OPERATIONS, _CENSUS)}
"""Every table of the contract, by name."""
