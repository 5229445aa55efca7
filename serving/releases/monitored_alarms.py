"""What `vigie monitor` found of the release that answers: read from the database, said in every answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.names import NO_NAMES, OwnNames
from registry.model.trust_limits import worst
from registry.monitoring.alarm_text import stopped_in_words, warning_of
from registry.monitoring.alarms import OVERRULED, StandingAlarm, standing
from serving.messages.forecast_parts import Trust
from serving.messages.forecast_records import BedForecast, HospitalForecast, WaitForecast, Wording

__all__ = ["MonitoredAlarms", "NothingMonitored", "StoredAlarms", "degraded", "in_each_language", "lowered"]

Forecast = TypeVar("Forecast", bound=WaitForecast | BedForecast | HospitalForecast)
Beds = TypeVar("Beds", bound=BedForecast | HospitalForecast)


class MonitoredAlarms(Protocol):
    """Where alarms are read; the real one asks the database."""

    def standing(self, model: str, release: int, digest: str) -> tuple[StandingAlarm, ...] | None:
        """The alarms that stand against a release of a package; None where that cannot be known now."""
        ...


class NothingMonitored(MonitoredAlarms):
    """Of an installation that monitors nothing: no alarm stands."""

    def standing(self, model: str, release: int, digest: str) -> tuple[StandingAlarm, ...] | None:
        """None stands."""
        return ()


@dataclass(frozen=True)
class StoredAlarms(MonitoredAlarms):
    """The alarms of an installation's database."""

    engine: Engine

    def standing(self, model: str, release: int, digest: str) -> tuple[StandingAlarm, ...] | None:
        """The alarms that stand; None while the database does not answer."""
        try:
            with self.engine.connect() as connection:
                return standing(connection, model, release, digest)
        except SQLAlchemyError:
            return None


def degraded(
    forecasts: Sequence[Forecast],
    alarms: Sequence[StandingAlarm],
    language: Language,
    *,
    halted: bool = False,
    groups: Mapping[str, str] = MappingProxyType({}),
    own: OwnNames = NO_NAMES,
) -> list[Forecast]:
    """The forecasts with what stands against their release: ``degraded``, each alarm and a person's stop a warning.

    That people rightly overrule a unit group stands against the forecasts of that group, and of the hospital.

    Args:
        groups: of units, by their ids.
        own: what the hospital calls its groups and attributes.
    """
    stop = [text("alarms.halted", language)] if halted else []
    if any(alarm.stops for alarm in alarms):
        stop.append(stopped_in_words(language))
    others = [warning_of(alarm, language, own) for alarm in alarms if alarm.family != OVERRULED]
    out = lowered(forecasts, stop, others)
    for alarm in alarms:
        if alarm.family == OVERRULED:
            lost = [warning_of(alarm, language, own)]
            out = [lowered([f], lost)[0] if _concerns(alarm, f, groups) else f for f in out]
    return out


def _concerns(
    alarm: StandingAlarm, forecast: WaitForecast | BedForecast | HospitalForecast, groups: Mapping[str, str]
) -> bool:
    return not isinstance(forecast, BedForecast) or groups.get(forecast.unit) == alarm.name


def lowered(forecasts: Sequence[Forecast], first: Sequence[str], last: Sequence[str] = ()) -> list[Forecast]:
    """The forecasts with further warnings, each of which degrades them: those worse than their own, and others."""
    if not first and not last:
        return list(forecasts)
    return [replace(f, trust=_lowered(f.trust, first, last)) for f in forecasts]


def in_each_language(
    forecasts: Sequence[Beds], language: Language, lower: Callable[[Sequence[Beds], Language], Sequence[Beds]]
) -> list[Beds]:
    """Forecasts after what stands against them, said in their own language and in each of their translations.

    Args:
        language: of the forecasts themselves.
        lower: adds what stands against forecasts, in words of a language.
    """
    out = list(lower(forecasts, language))
    for other in forecasts[0].translations if forecasts else ():
        said = [_in_place(f, f.translations[other]) for f in forecasts]
        lowered = [Wording(f.explanation, f.trust) for f in lower(said, other)]
        out = [
            replace(f, translations={**f.translations, other: wording})
            for f, wording in zip(out, lowered, strict=True)
        ]
    return out


def _in_place(forecast: Beds, wording: Wording) -> Beds:
    return replace(forecast, explanation=wording.explanation, trust=wording.trust)


def _lowered(trust: Trust, first: Sequence[str], last: Sequence[str]) -> Trust:
    return Trust(status="degraded", warnings=worst((*first, *trust["warnings"], *last)))
