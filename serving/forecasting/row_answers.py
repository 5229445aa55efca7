"""What is answered for rows, one by one: quantiles, trust, and what is said of each."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from explain.reasons import select
from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.scope_fallback import Answered
from registry.model.trust_limits import trust_status, warnings_of
from serving.forecasting.comparison import Comparison
from serving.forecasting.explanation_text import ExplanationTerms
from serving.messages.answer_bodies import Quantiles, Trust
from serving.messages.forecast_protocol import ExplainOptions

__all__ = ["Answers", "warned"]

_P10, _P50, _P90 = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)


class Answers:
    """Quantiles and reasons of rows: the model's inside the scope, the best baseline's outside."""

    def __init__(
        self, model: ForecastModel, answered: Answered, rows: Rows, explain: ExplainOptions, holiday: Array
    ) -> None:
        """Answers to rows.

        Args:
            holiday: bool [n], the day of the forecast counts as a Sunday and is none.
        """
        self._holiday = holiday
        self._model, self._explain, self._answered, self._rows = model, explain, answered, rows

    def quantiles(self, i: int) -> Quantiles:
        """p10, p50 and p90 of a row."""
        p10, p50, p90 = self._quantiles[i]
        return {"p10": p10, "p50": p50, "p90": p90}

    @cached_property
    def _quantiles(self) -> list[list[float]]:
        return self._answered.quantiles[:, (_P10, _P50, _P90)].tolist()

    def distribution(self, i: int) -> tuple[float, ...]:
        """The quantiles of a row at every level."""
        return tuple(self._answered.quantiles[i].tolist())

    def terms(self, i: int) -> ExplanationTerms:
        """What is said of a row."""
        return self._fields.row(i)

    @cached_property
    def _fields(self) -> "_Fields":
        baseline_names = [] if self._answered.baseline is None else self._model.baseline_names(self._rows)
        return _Fields(self._answered, self._rows.X, baseline_names, self._explain.top, self._holiday)

    def trust(self, i: int, *, stale: bool) -> Trust:
        """How far to trust a row's answer."""
        inside, answered = bool(self._answered.inside[i]), self._answered
        warnings = warnings_of(
            self._model.features,
            answered.out_of_range[i],
            answered.missing[i],
            inside=inside,
            stale=stale,
            unheld=bool(answered.unheld[i]),
            language=self._explain.language,
        )
        return {"status": trust_status(warnings, inside=inside, stale=stale), "warnings": warnings}


def warned(trust: Trust, warnings: Sequence[str], worst: Sequence[str] = ()) -> Trust:
    """The same with more warnings, each of which degrades it; the `worst` stand first."""
    if not warnings and not worst:
        return trust
    return Trust(status="degraded", warnings=(*worst, *trust["warnings"], *warnings))


class _Fields:
    """What is said of each row, as numbers of Python's: taken from the arrays all at once."""

    def __init__(
        self, answered: Answered, X: Array, baseline_names: Sequence[str], top: int, holiday: Array
    ) -> None:
        contributions = answered.contributions
        columns, others = select(contributions, top)
        place = columns + np.arange(len(X))[:, None] * X.shape[1]
        self._baseline_names = baseline_names
        self._inside, self._columns = answered.inside.tolist(), columns.tolist()
        self._values, self._usual, self._contributions = (
            array.ravel().take(place).astype(np.float64).tolist()
            for array in (X, answered.reference_values, contributions)
        )
        self._others, self._base = others.tolist(), answered.base.tolist()
        self._comparisons = list(
            map(
                Comparison,
                answered.widening.tolist(),
                answered.cases.tolist(),
                answered.situation.tolist(),
                holiday.tolist(),
            )
        )
        self._adjustments = {
            inside: {name: values.tolist() for name, values in found.adjustments.items()}
            for inside, found in ((False, answered.baseline), (True, answered.model))
            if found is not None
        }

    def row(self, i: int) -> ExplanationTerms:
        """A row; of a baseline's no feature is shown, since none says anything."""
        inside = self._inside[i]
        shown = slice(None) if inside else slice(0)
        return ExplanationTerms(
            columns=self._columns[i][shown],
            values=self._values[i][shown],
            usual=self._usual[i][shown],
            contributions=self._contributions[i][shown],
            other=self._others[i],
            base=self._base[i],
            adjustments={name: values[i] for name, values in self._adjustments[inside].items()},
            baseline=None if inside else self._baseline_names[i],
            comparison=self._comparisons[i] if inside else None,
        )
