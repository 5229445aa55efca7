"""How probably those who are in the emergency department are admitted, by the hospital's own rates of past weeks."""

import threading
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from hospital.features.admission_rates import AdmissionRates, Patient, RatesError, learn_admission_rates
from hospital.times import DAY, HOUR
from registry.record.observations import rows_known_at
from serving.gateway.service_parts import Parts
from serving.interface.live_record import LiveRecord

__all__ = ["AdmissionRates", "Patient", "RatesError", "admission_rates"]

_WEEKS = 8 * 7 * DAY


@dataclass(frozen=True)
class _Learned:
    hour: int
    rates: AdmissionRates | None
    missing: tuple[str, ...]


_LEARNED: WeakKeyDictionary[Engine, _Learned] = WeakKeyDictionary()
_LOCK = threading.Lock()


def admission_rates(parts: Parts, record: LiveRecord) -> AdmissionRates:
    """The rates of the eight weeks before a record, counted once an hour.

    Raises:
        RatesError: there are none, and what they lack.
    """
    hour = record.at // HOUR
    with _LOCK:
        known = _LEARNED.get(parts.engine)
        if known is None or known.hour != hour:
            known = _LEARNED[parts.engine] = _learn(parts, record, hour)
    if known.rates is None:
        raise RatesError(*known.missing)
    return known.rates


def _learn(parts: Parts, record: LiveRecord, hour: int) -> _Learned:
    with parts.engine.connect() as connection:
        visits = rows_known_at(connection, "visits", record.at, since=record.at - _WEEKS)
    try:
        return _Learned(hour, learn_admission_rates(visits, record.at, record.zone), ())
    except RatesError as error:
        return _Learned(hour, None, error.missing)
