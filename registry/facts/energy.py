"""Energy, estimated: processor time and memory, times what they draw. No meter is read, and the word is always said.

    watt-hours = (busy core seconds x 12 W + seconds x GiB of memory x 0.3725 W) / 3600

The form and the memory's figure are those of Green Algorithms (Lannelongue, Grealey & Inouye 2021, doi
10.1002/advs.202100707); 12 W a busy core is a server's processor at full load, taken high. Cooling, disks and network
are left out. Why not codecarbon: docs/adr/0008-efficiency-and-energy.md.
"""

import os
import resource
import sys
import time
from dataclasses import dataclass

__all__ = ["Energy", "Meter", "memory_gib", "watt_hours"]

_CORE_WATTS = 12.0
_MEMORY_WATTS_A_GIB = 0.3725
_RSS_UNITS_A_GIB = 2**30 if sys.platform == "darwin" else 2**20  # bytes there, KiB elsewhere


@dataclass(frozen=True)
class Energy:
    """What a piece of work took.

    Attributes:
        cpu_seconds: of all cores, those of ended child processes too.
        seconds: by the clock.
        memory_gib: the largest that this process has had.
    """

    cpu_seconds: float
    seconds: float
    memory_gib: float

    @property
    def watt_hours(self) -> float:
        """Estimated."""
        return watt_hours(self.cpu_seconds, self.seconds, self.memory_gib)

    def to_json(self) -> dict[str, float | str]:
        """For a registration."""
        return {
            "cpu_seconds": round(self.cpu_seconds, 3),
            "seconds": round(self.seconds, 3),
            "memory_gib": round(self.memory_gib, 4),
            "watt_hours": round(self.watt_hours, 6),
            "method": "estimated",
        }


def watt_hours(cpu_seconds: float, seconds: float, memory_gib: float) -> float:
    """The estimate above."""
    return (cpu_seconds * _CORE_WATTS + seconds * memory_gib * _MEMORY_WATTS_A_GIB) / 3600


def memory_gib() -> float:
    """The largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _RSS_UNITS_A_GIB


class Meter:
    """Measures the work from its making to `read`."""

    def __init__(self) -> None:
        self._clock, self._cpu = time.perf_counter(), _cpu_seconds()

    def read(self) -> Energy:
        """What was taken so far."""
        return Energy(_cpu_seconds() - self._cpu, time.perf_counter() - self._clock, memory_gib())


def _cpu_seconds() -> float:
    taken = os.times()
    return taken.user + taken.system + taken.children_user + taken.children_system
