"""The practice that applies at an instant: protocols in force, what somebody read of them, skills, tomorrow's gaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection

from centre.practice.protocol_file import Protocol
from centre.practice.protocol_search import ProtocolIndex
from centre.practice.protocols_in_force import protocols_in_force
from centre.practice.read_receipts import add_receipt, read_digests
from centre.practice.skill_coverage import Coverage, coverage
from centre.practice.skill_files import SkillRecord, read_skills
from serving.interface.bed_forecasts import BedForecast
from serving.interface.files import LEVELS
from serving.interface.installation import Parts
from serving.interface.live_record import hospital_zone
from serving.interface.requests import Call, Problem, moment, write_once

__all__ = ["Practice", "note_receipt", "practice_at", "read_by"]

_TOMORROW = 24.0


@dataclass(frozen=True)
class Practice:
    """What applies on a day.

    Attributes:
        day: the hospital's.
        protocols: in force.
        skills: as the hospital's files say.
    """

    day: date
    protocols: Sequence[Protocol]
    skills: SkillRecord

    def searched(self, words: str, unit: str | None) -> list[Protocol]:
        """The protocols that hold these words, the best first; without words all, by title."""
        meant = [p for p in self.protocols if unit is None or p.is_for(unit)]
        if not words.strip():
            return sorted(meant, key=lambda p: p.title.casefold())
        return [hit.protocol for hit in ProtocolIndex(meant).search(words, most=50)]

    def short_tomorrow(self, forecasts: Sequence[BedForecast]) -> tuple[Coverage, ...]:
        """Each need of tomorrow, the likeliest to be short first; what is not known stays so."""
        tomorrow = self.day + timedelta(days=1)
        return coverage(
            self.skills.needs,
            self.skills.register,
            _demand(forecasts),
            self.skills.shifts_of(tomorrow),
            tomorrow,
        )


def _demand(forecasts: Sequence[BedForecast]) -> Mapping[str, np.ndarray]:
    """By unit, the distribution of its forecast for a day ahead; none where there is no such forecast."""
    return {
        f.unit: np.asarray(f.distribution)
        for f in forecasts
        if f.horizon_hours == _TOMORROW and len(f.distribution) == len(LEVELS)
    }


def practice_at(parts: Parts, at: int, zone: ZoneInfo) -> Practice:
    """The practice at an instant."""
    day = moment(at).astimezone(zone).date()
    return Practice(day, protocols_in_force(parts, at, zone), read_skills(parts.settings.skills))


def read_by(parts: Parts, person: str) -> frozenset[str]:
    """Digests of all that somebody has read."""
    with parts.engine.connect() as connection:
        return read_digests(connection, person)


def note_receipt(call: Call, protocol_id: str, digest: str) -> tuple[Mapping[str, Any], bool]:
    """Notes in the journal that whoever asks read these bytes of a protocol in force.

    Returns:
        `protocol`, `version`, `digest` and `noted` (false: they had read them before, and no entry is written); and
        whether it is the answer to the same request, sent before.

    Raises:
        Problem: 404, there is no such protocol in force; 409, it has other bytes.
    """
    now = call.parts.clock.now()
    in_force = practice_at(call.parts, now, hospital_zone(call.parts)).protocols
    protocol = next((p for p in in_force if p.protocol_id == protocol_id), None)

    def write(connection: Connection) -> Mapping[str, Any]:
        if protocol is None:
            raise Problem(404, "unknown_protocol", "problems.unknown_protocol")
        if digest != protocol.digest:
            raise Problem(409, "other_version", "problems.other_version")
        noted = add_receipt(connection, call.caller.actor, protocol, now=moment(now))
        return {"protocol": protocol_id, "version": protocol.version, "digest": digest, "noted": noted}

    return write_once(call, write)
