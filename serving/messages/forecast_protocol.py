"""What the service needs of whoever computes forecasts, as protocols: the real one is `serving.forecasting.forecaster`.

The way of a request: the gate parses and validates; `Forecaster` turns it into forecasts with their reasons;
`predictions` checks that they add up and writes them with a journal entry in one
transaction; then it is answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from hospital.words import names
from hospital.words.language import Language
from hospital.words.names import OwnNames
from serving.messages.judged_tension import NOTHING_JUDGED, JudgedTension
from serving.messages.question_records import BedQuestion, WaitQuestion

if TYPE_CHECKING:  # who only asks questions loads neither database nor engine
    from sqlalchemy import Connection

    from registry.model.forecast_model import ForecastModel
    from registry.monitoring.alarms import StandingAlarm
    from registry.record.tokens import Caller
    from serving.messages.forecast_records import BedForecast, HospitalForecast, WaitForecast

__all__ = ["Forecaster", "FurtherReasons", "LoadedModel", "ServedUnit", "UnitHistory"]


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
        lost_groups: unit groups that people overruled rightly, so that the baseline answers for them.
        judged: what else its report lets answer.
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
    lost_groups: frozenset[str] = frozenset()
    judged: JudgedTension = NOTHING_JUDGED
    engine: "ForecastModel | None" = field(default=None, repr=False, compare=False)

    @property
    def stopped(self) -> bool:
        """Whether a person, or an alarm that the policy names, has the baseline answer."""
        return self.halted or any(alarm.stops for alarm in self.alarms)

    @property
    def proven(self) -> JudgedTension:
        """Of `judged` what holds now: nothing once others answer than those that the check judged."""
        if self.stopped:
            return NOTHING_JUDGED
        if not self.lost_groups:
            return self.judged
        units = {unit.unit for unit in self.units if unit.group in self.lost_groups}
        return self.judged.without(self.lost_groups, units)


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

    `connection` is open for reading; nothing is written here. `now` is the service's instant: nothing received later
    may be seen. Asked for what it does not know (a unit, a horizon, a department) it raises
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

    def totals(
        self,
        connection: "Connection",
        model: LoadedModel,
        caller: "Caller",
        question: BedQuestion,
        forecasts: "Sequence[HospitalForecast]",
        now: int,
    ) -> "list[HospitalForecast]":
        """The same of the hospital total."""
