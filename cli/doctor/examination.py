"""All states of an installation, in the order in which they are mended."""

from datetime import datetime

from cli.doctor.home_states import home_states
from cli.doctor.hospital_states import hospital_states
from cli.doctor.mlflow_states import mlflow_states
from cli.doctor.record_states import record_states
from cli.doctor.service_states import service_states
from cli.doctor.states import State
from registry.settings import Settings

__all__ = ["examine"]


def examine(settings: Settings, now: datetime) -> list[State]:
    """The states; nothing is changed. Of a home that is not there nothing else is said."""
    states = list(home_states(settings))
    if any(state.name in ("home_missing", "home_closed") for state in states):
        return states
    states += hospital_states(settings)
    return [*states, *record_states(settings, now), *mlflow_states(settings), *service_states(settings, now)]
