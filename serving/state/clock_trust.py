"""Whether the clock can be relied on: said in each answer, and by /readyz."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import Connection

from hospital.words.catalogue import text
from hospital.words.language import Language
from serving.http.clock import Clock
from serving.http.steady_clock import TOLERANCE
from serving.state.observations import Receptions

__all__ = ["CLOCK_FAULTS", "ClockFault", "ClockTrust"]

ClockFault = Literal["clock_stepped", "received_ahead"]
CLOCK_FAULTS: tuple[ClockFault, ...] = get_args(ClockFault)


@dataclass(frozen=True)
class ClockTrust:
    """The service's clock beside the system's, and beside what was received."""

    clock: Clock
    receptions: Receptions

    def faults(self, connection: Connection) -> list[ClockFault]:
        """What is wrong with it: the system's clock was set meanwhile; what was received lies ahead of it."""
        return self._faults(self.receptions.last(connection))

    def known_faults(self) -> list[ClockFault]:
        """The same by what was asked of the database last: for what must answer while it hangs."""
        return self._faults(self.receptions.known)

    def _faults(self, last: int) -> list[ClockFault]:
        now = self.clock.now()
        faults: list[ClockFault] = ["clock_stepped"] if self.clock.step else []
        if last > now + TOLERANCE:
            faults.append("received_ahead")
        return faults

    def warnings(self, connection: Connection, language: Language) -> Sequence[str]:
        """The same in words, for answers."""
        return [text(f"trust.{fault}", language) for fault in self.faults(connection)]
