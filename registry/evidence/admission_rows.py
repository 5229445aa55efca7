"""How probably those in the emergency department were to be admitted, by model and by rates, and whether they were."""

from dataclasses import dataclass

from hospital.arrays import Array

__all__ = ["AdmissionRows"]


@dataclass(frozen=True)
class AdmissionRows:
    """Patients at instants of the test set who had no bed request yet, in the order of time.

    Attributes:
        time: int64 [n], instants.
        admitted: bool [n], in the end.
        model: float64 [n], probability by the package's model.
        rates: float64 [n], by the hospital's rates of the eight weeks before, as they answer without a model.
    """

    time: Array
    admitted: Array
    model: Array
    rates: Array
