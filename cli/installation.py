"""The installation that a verb works on: its settings, and tables read with its pseudonym key."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hospital.errors import VigieError

if TYPE_CHECKING:
    from hospital.ingest.hospital_reader import HospitalTables
    from registry.settings import Settings

__all__ = ["boarding_threshold", "by_clock", "now", "present_time", "read_settings", "read_tables"]


def present_time() -> datetime:
    """By this machine's clock, in UTC."""
    return datetime.now(UTC)


_clock: ContextVar[Callable[[], datetime]] = ContextVar("clock", default=present_time)


@contextmanager
def by_clock(clock: Callable[[], datetime]) -> Iterator[None]:
    """Until the end, verbs go by another clock."""
    before = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(before)


def now() -> datetime:
    """The present time, in UTC, by the clock that verbs go by."""
    return _clock.get()()


def read_settings() -> "Settings":
    """The settings, from the environment.

    Raises:
        VigieError: names every variable that is wrong.
    """
    from pydantic import ValidationError

    from cli.reader import spoken_language
    from cli.usage_text import constraint
    from registry.digests import PRIVATE
    from registry.settings import Settings

    os.umask(PRIVATE)  # whatever a verb writes is its account's own
    try:
        return Settings()
    except ValidationError as error:
        language = spoken_language()
        wrong = "; ".join(
            f"VIGIE_{str(e['loc'][0]).upper().removeprefix('VIGIE_')}: {_lower(constraint(e['msg'], language))}"
            for e in error.errors()
        )
        raise VigieError("verbs.wrong_settings", wrong=wrong) from None


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def read_tables(settings: "Settings", data: Path, mapping: Path | None) -> "HospitalTables":
    """A hospital's tables, their ids made pseudonyms with the installation's key.

    Raises:
        VigieError: the mapping or the tables are wrong, with every fault.
    """
    from hospital.ingest.hospital_reader import read_hospital
    from hospital.mapping.mapping_file import load_mapping
    from registry.record.pseudonym_key import pseudonym_key

    columns = load_mapping(mapping) if mapping else None
    return read_hospital(data, columns, pseudonym_key(settings))


def boarding_threshold(settings: "Settings") -> float | None:
    """Patients who wait for a bed: the threshold that the hospital's policy of levels names; None: it names none.

    A policy that has faults names none, as it calls no level.
    """
    from centre.levels.boarding_threshold import boarding_threshold_of
    from centre.levels.hospital_levels import policy_in_force

    policy = policy_in_force(settings.levels).policy
    return None if policy is None else boarding_threshold_of(policy)
