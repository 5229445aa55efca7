"""What a forecast was made of, handed on to whoever explains more of it."""

from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.scope_fallback import Answered

__all__ = ["Basis", "horizons_of"]


@dataclass(frozen=True, eq=False)
class Basis:
    """A row of an answer, with all that it was computed from.

    Attributes:
        rows, answered: of the whole answer.
        place: the row's.
        holiday: bool [n], as `serving.forecasting.row_answers.Answers` takes it.
        staffed: beds with staff at the time that is forecast; None: unknown, or a wait.
    """

    model: ForecastModel
    rows: Rows
    answered: Answered
    place: int
    holiday: Array
    staffed: float | None = None

    @property
    def inside(self) -> bool:
        """Whether the model answers, and not the baseline."""
        return bool(self.answered.inside[self.place])

    @property
    def row(self) -> Rows:
        """The row alone."""
        return self.rows.at(slice(self.place, self.place + 1))


def horizons_of(model: ForecastModel, rows: Rows) -> Array:
    """The horizon of each row, of which bed demand has a calibration group each: float64 [n], hours; 0 of a wait."""
    horizons = np.array(model.manifest.horizons_hours, np.float64)
    return np.asarray(horizons[rows.calibration]) if horizons.size else np.zeros(rows.calibration.size)
