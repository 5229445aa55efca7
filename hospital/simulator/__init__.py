"""A seeded discrete-event hospital: the embedded default data, as hard to forecast as a real one.

Door: `simulate`, `simulate_beyond`, `write`, `Unfair`, `Shift`.
"""

from hospital.simulator.parameters.hospital_parameters import Parameters
from hospital.simulator.parameters.parameter_file import ParametersError, load_parameters
from hospital.simulator.run import DEFAULT_START, Beyond, simulate, simulate_beyond
from hospital.simulator.scenario import AUDIT_VALUES, Shift, Unfair
from hospital.simulator.table_files import write

__all__ = [
    "AUDIT_VALUES",
    "DEFAULT_START",
    "Beyond",
    "Parameters",
    "ParametersError",
    "Shift",
    "Unfair",
    "load_parameters",
    "simulate",
    "simulate_beyond",
    "write",
]
