"""What the service needs of whoever computes forecasts, as protocols: the real one is `serving.forecasting.forecaster`.

The way of a request: the gate parses and validates; `Forecaster` turns it into forecasts with their reasons;
`predictions` checks that they add up and writes them with a journal entry in one
transaction; then it is answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from hospital.times import moment
from hospital.words import names
from hospital.words.language import Language
from hospital.words.names import OwnNames

if TYPE_CHECKING:  # who only asks questions loads neither database nor engine
    from sqlalchemy import Connection

    from registry.model.forecast_model import ForecastModel
    from registry.monitoring.alarms import StandingAlarm
    from registry.record.tokens import Caller
    from serving.messages.forecast_records import BedForecast, HospitalForecast, WaitForecast

__all__ = [
    "Against",
    "BedQuestion",
    "EdState",
    "ExplainOptions",
    "Forecaster",
    "FurtherReasons",
    "LoadedModel",
    "ServedUnit",
    "UnitHistory",
    "WaitQuestion",
]


@dataclass(frozen=True)
class ServedUnit:
    """A unit that a release knows.

    Attributes:
        label_fr, label_en: its name on pages of a language; "": `label`.
    """

    unit: str
    label: str
    group: str
    label_fr: str = ""
    label_en: str = ""

    def name_in(self, language: Language) -> str:
        """Its name on pages of a language."""
        own = self.label_fr if language == "fr" else self.label_en
        return own or names.unit(self.label, language)


@dataclass(frozen=True)
class LoadedModel:
    """A verified release, loaded.

    Attributes:
        name, version: as registered.
        digest: of the package.
        sequence: the release's number.
        released_at: instant.
        scope: (unit group, horizon in hours) for which it may speak.
        units, horizons_hours: what it can be asked for; no horizons for wait time.
        triage_levels, departments: those it was trained with; empty for bed demand.
        usual_patients: by department what is usual there of a patient and nearly always known in training
            (columns of a visit), for whom the start page asks; empty where nothing is.
        zone: the hospital's.
        names: what the hospital calls its groups, departments, covariates and attributes.
        alarms: of `vigie monitor`, that stand against it.
        halted: whether a person has stopped it.
        engine: the package read into memory; None only where tests do without one.
    """

    name: str
    version: str
    digest: str
    sequence: int
    released_at: int
    scope: frozenset[tuple[str, float]]
    units: tuple[ServedUnit, ...]
    horizons_hours: tuple[float, ...]
    triage_levels: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    usual_patients: Mapping[str, Mapping[str, float | str]] = field(default_factory=dict, hash=False)
    zone: str = "Europe/Paris"
    names: OwnNames = field(default_factory=dict, hash=False)
    alarms: "tuple[StandingAlarm, ...]" = ()
    halted: bool = False
    engine: "ForecastModel | None" = field(default=None, repr=False, compare=False)

    @property
    def stopped(self) -> bool:
        """Whether a person, or an alarm that the policy names, has the baseline answer."""
        return self.halted or any(alarm.stops for alarm in self.alarms)


@dataclass(frozen=True)
class Against:
    """Another forecast that one is compared with: one that was given, or what the release says of an instant."""

    prediction_id: str | None = None
    at: int | None = None

    @property
    def said(self) -> dict[str, str]:
        """As it is asked for, and answered."""
        if self.prediction_id is not None:
            return {"prediction_id": self.prediction_id}
        return {} if self.at is None else {"at": moment(self.at).isoformat()}


@dataclass(frozen=True)
class ExplainOptions:
    """How many contributions to show (the rest is `other`), compared with what, in which language, of what.

    Attributes:
        stability: whether to tell how far to rely on it, which costs several times what the reasons do.
        interactions: whether to tell which two features shown count together; twenty times what the reasons cost.
        against: another forecast in place of `reference`.
        basis: whether forecasts carry what they were made of.
        translations: languages in which forecasts of beds say the same besides, for who stores what others read.
    """

    top: int
    reference: Literal["typical", "last_week"]
    language: Language
    stability: bool = False
    interactions: bool = False
    of: Literal["p50", "interval", "tension"] = "p50"
    against: Against | None = None
    basis: bool = False
    translations: tuple[Language, ...] = ()

    @property
    def further(self) -> bool:
        """Whether more is asked for than the median's reasons against what is usual, or a week ago."""
        return self.of != "p50" or self.against is not None

    @property
    def asked(self) -> dict[str, Any]:
        """As it is recorded."""
        more: dict[str, Any] = {} if self.of == "p50" else {"of": self.of}
        more |= {"stability": self.stability, "interactions": self.interactions}
        reference = self.reference if self.against is None else self.against.said
        return {"top": self.top, "reference": reference, "language": self.language, **more}


@dataclass(frozen=True)
class EdState:
    """What the sender sees of its emergency department now, laid over the stored state; None: not said."""

    waiting: float | None = None
    boarding: float | None = None
    staff: float | None = None


@dataclass(frozen=True)
class WaitQuestion:
    """Visits to forecast.

    Attributes:
        visits: contract rows as `hospital.contracts.request_models.validate_rows` returns them (times as instants,
        missing None, `received_at` the service's now), without hindsight columns, ids already pseudonyms.
        ed_states: one a visit, None where none was sent.
        at: instant of the question; None: now.
    """

    visits: Sequence[Mapping[str, Any]]
    ed_states: Sequence[EdState | None]
    explain: ExplainOptions
    at: int | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """As it is recorded."""
        return {
            "visits": [_known(v) for v in self.visits],
            "ed_states": [None if s is None else dict(vars(s)) for s in self.ed_states],
            "explain": self.explain.asked,
        }


@dataclass(frozen=True)
class BedQuestion:
    """Units and horizons to forecast, each with each.

    Attributes:
        at: instant of the forecast, not after now.
        observations: census rows (`hospital.contracts.request_models`) laid over the stored ones for this
            answer alone.
        hospital: whether the hospital total is asked for too.
    """

    units: Sequence[str]
    horizons_hours: Sequence[float]
    at: int
    observations: Sequence[Mapping[str, Any]]
    explain: ExplainOptions
    hospital: bool = False

    @property
    def asked(self) -> dict[str, Any]:
        """As it is recorded."""
        return {
            "units": list(self.units),
            "horizons_hours": list(self.horizons_hours),
            "at": self.at,
            "observations": [_known(r) for r in self.observations],
            "hospital": self.hospital,
            "explain": self.explain.asked,
        }


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


@dataclass(frozen=True)
class UnitHistory:
    """What a unit has been, for the picture on the page.

    Attributes:
        at: instants, ascending.
        occupied: patients then; None: unknown.
        staffed: beds with staff now; None: unknown.
    """

    unit: str
    at: tuple[int, ...]
    occupied: tuple[float | None, ...]
    staffed: float | None


class Forecaster(Protocol):
    """Computes forecasts with their reasons from what is stored. Called in worker threads, several at once.

    `connection` is open for reading (`serving.state.observations.window`); nothing is written here. `now` is the
    service's instant: nothing received later may be seen. Asked for what it does not know (a unit, a horizon,
    a department) it raises
    `serving.errors.Problem(422, "unknown_unit", …, faults=…)` with every path at once;
    without enough history `hospital.errors.HistoryError` (answered as 503 with its words).
    """

    def wait_time(
        self, model: LoadedModel, connection: "Connection", question: WaitQuestion, now: int
    ) -> "list[WaitForecast]":
        """One forecast a visit, in their order."""

    def bed_demand(
        self, model: LoadedModel, connection: "Connection", question: BedQuestion, now: int
    ) -> "list[BedForecast]":
        """One forecast a unit and horizon: units in their order, horizons within."""

    def hospital(
        self, model: LoadedModel, connection: "Connection", question: BedQuestion, now: int
    ) -> "list[HospitalForecast]":
        """The hospital total at each of the question's horizons, whatever units it names."""

    def unlearned_units(
        self, model: LoadedModel, connection: "Connection", now: int
    ) -> Mapping[str, float | None]:
        """Beds needed now in each unit that is received and in no forecast; None: how many is not known.

        The model or the hospital's table of units does not know these units.
        """

    def history(
        self, model: LoadedModel, connection: "Connection", hours: int, now: int
    ) -> list[UnitHistory]:
        """The last hours of every unit of a bed-demand release, hourly or at the hospital's cadence."""


class FurtherReasons(Protocol):
    """Explains more of forecasts than the forecaster does: contrasts, uncertainty (`serving.explanations`)."""

    def waits(
        self,
        connection: "Connection",
        model: LoadedModel,
        caller: "Caller",
        question: WaitQuestion,
        forecasts: "Sequence[WaitForecast]",
        now: int,
    ) -> "list[WaitForecast]":
        """The forecasts of a question, explained as it asks."""

    def beds(
        self,
        connection: "Connection",
        model: LoadedModel,
        caller: "Caller",
        question: BedQuestion,
        forecasts: "Sequence[BedForecast]",
        now: int,
    ) -> "list[BedForecast]":
        """The same of units."""
