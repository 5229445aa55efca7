"""What is answered for rows, one by one: quantiles, trust, and what is said of each."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np

from explain.reasons import select, sums_by_group
from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.features.feature import Feature, in_group_order
from hospital.words.language import Language
from registry.components.stability import steady
from registry.explanations.basis import Basis
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.scope_fallback import Answered
from registry.model.trust_limits import trust_status, warnings_of
from serving.forecasting.comparison import Comparison
from serving.forecasting.explanation_text import ExplanationTerms, GroupTerm, Partner
from serving.forecasting.feature_words import ALL_WAITING, partners
from serving.forecasting.reason_sentences import LEAST_SHOWN, reliability_of
from serving.messages.forecast_parts import Quantiles, Reliability, Trust
from serving.messages.question_records import ExplainOptions

__all__ = ["Answers", "FeatureRelations", "group_terms", "nobody_waits", "outweighing"]

_P10, _P50, _P90 = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)


class FeatureRelations:
    """Which features of a model belong together: the same for each of its answers, and found once.

    Attributes:
        groups: in the order of `hospital.features.feature.GROUPS`.
        place: int64 [features], the group of each, as its place in `groups`.
        partners: as `feature_words.partners`.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self.groups = in_group_order(f.group for f in features)
        self.place = np.array([self.groups.index(f.group) for f in features], np.int64)
        self.partners = partners(features)

    @classmethod
    def of(cls, model: ForecastModel) -> "FeatureRelations":
        """Those of a model, for as long as it is in use."""
        found = _RELATIONS.get(model)
        return _RELATIONS.setdefault(model, cls(model.features)) if found is None else found


_RELATIONS: WeakKeyDictionary[ForecastModel, FeatureRelations] = WeakKeyDictionary()


def group_terms(
    relations: FeatureRelations, contributions: Array, shown: Array
) -> list[tuple[GroupTerm, ...]]:
    """The groups of each row, in their order; those that add nothing are left out.

    Args:
        contributions: float64 [n, features].
        shown: int64 [n, k], the columns of the features that are shown.
    """
    totals, others = (a.tolist() for a in sums_by_group(contributions, relations.place, shown))
    return [
        tuple([GroupTerm(g, t, o) for g, t, o in zip(relations.groups, total, other, strict=True) if t or o])
        for total, other in zip(totals, others, strict=True)
    ]


def outweighing(terms: ExplanationTerms, pairs: Array) -> tuple[tuple[int, int, float], ...]:
    """Of the features shown the pairs that add more together than the smaller of the two does, the largest first.

    Args:
        pairs: float64 [features, features], half of what a pair adds on either side.
    """
    found = []
    for a, one in enumerate(terms.columns):
        for b, other in enumerate(terms.columns[:a]):
            together = 2.0 * float(pairs[one, other])
            smaller = min(abs(terms.contributions[a]), abs(terms.contributions[b]))
            if abs(together) > smaller and abs(together) >= LEAST_SHOWN:
                found.append((other, one, together))
    return tuple(sorted(found, key=lambda pair: -abs(pair[2])))


class Answers:
    """Quantiles and reasons of rows: the model's inside the scope, the best baseline's outside."""

    def __init__(
        self,
        model: ForecastModel,
        answered: Answered,
        rows: Rows,
        explain: ExplainOptions,
        holiday: Array,
        reference: Rows | None = None,
    ) -> None:
        """Answers to rows.

        Args:
            holiday: bool [n], the day of the forecast counts as a Sunday and is none.
            reference: the rows that these are compared with, one each; None: what is usual.
        """
        self._reference = reference
        self._holiday = holiday
        self._model, self._explain, self._answered, self._rows = model, explain, answered, rows
        self._warned: dict[tuple[object, ...], tuple[str, ...]] = {}

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

    def basis(self, i: int, staffed: float | None = None) -> Basis | None:
        """What a row's forecast was made of, where it is asked for; `staffed`: beds, None unknown."""
        if not (self._explain.basis or self._explain.further):
            return None
        return Basis(self._model, self._rows, self._answered, i, self._holiday, staffed)

    def terms(self, i: int) -> ExplanationTerms:
        """What is said of a row."""
        terms = self._fields.row(i)
        if not self._explain.interactions:
            return terms
        inside = bool(self._answered.inside[i])
        return replace(terms, interactions=outweighing(terms, self._pairs[i]) if inside else ())

    @cached_property
    def _pairs(self) -> Array:
        return self._model.interactions(self._rows)

    @cached_property
    def _fields(self) -> "_Fields":
        baseline_names = [] if self._answered.baseline is None else self._model.baseline_names(self._rows)
        return _Fields(
            self._answered, self._rows.X, self._model, baseline_names, self._explain.top, self._holiday
        )

    def reliability(
        self, i: int, oldest: tuple[str, float] | None, language: Language | None = None
    ) -> Reliability:
        """How far to rely on a row's answer.

        Args:
            oldest: as `reliability_of` takes it.
            language: None: the question's.
        """
        inside = bool(self._answered.inside[i])
        return reliability_of(
            float(self._ratios[i]) if inside else None,
            int(self._steady[i]) if inside else None,
            oldest,
            language or self._explain.language,
        )

    @cached_property
    def _ratios(self) -> Array:
        return self._model.familiarity.ratios(self._rows.X)

    @cached_property
    def _steady(self) -> Array:
        found = self._answered.model
        if found is None:
            return np.zeros(len(self._rows.X), np.int64)
        return steady(found.contributions, self._model.half_contributions(self._rows, self._reference))

    def trust(self, i: int, *, stale: bool, language: Language | None = None) -> Trust:
        """How far to trust a row's answer; `language`: None, the question's."""
        answered, spoken = self._answered, language or self._explain.language
        inside, unheld = bool(answered.inside[i]), bool(answered.unheld[i])
        out_of_range, missing = answered.out_of_range[i], answered.missing[i]
        # Most rows of an answer lack the same, if anything: these words are found once for all of them.
        key = (out_of_range, missing, inside, stale, unheld, spoken)
        warnings = self._warned.get(key)
        if warnings is None:
            warnings = self._warned[key] = warnings_of(
                self._model.features,
                out_of_range,
                missing,
                inside=inside,
                stale=stale,
                unheld=unheld,
                language=spoken,
            )
        return {"status": trust_status(warnings, inside=inside, stale=stale), "warnings": warnings}


class _Fields:
    """What is said of each row, as numbers of Python's: taken from the arrays all at once."""

    def __init__(
        self,
        answered: Answered,
        X: Array,
        model: ForecastModel,
        baseline_names: Sequence[str],
        top: int,
        holiday: Array,
    ) -> None:
        contributions, features = answered.contributions, model.features
        relations = FeatureRelations.of(model)
        columns, others = select(contributions, top)
        place = columns + np.arange(len(X))[:, None] * X.shape[1]
        self._baseline_names = baseline_names
        self._of_urgency = _of_learned_urgency(features, X, answered.out_of_range)
        self._nobody_waits = nobody_waits(features, X)
        self._inside, self._columns = answered.inside.tolist(), columns.tolist()
        self._values, self._usual, self._contributions = (
            array.ravel().take(place).astype(np.float64).tolist()
            for array in (X, answered.reference_values, contributions)
        )
        self._partners = relations.partners
        self._all = (X, answered.reference_values, contributions)
        self._groups = group_terms(relations, contributions, columns)
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
            groups=self._groups[i],
            partners=self._hidden(i) if inside and self._partners else (),
            of_urgency=self._of_urgency[i],
            nobody_waits=self._nobody_waits[i],
        )

    def _hidden(self, i: int) -> tuple[Partner, ...]:
        """Of a row the features that are not shown and say the same as one that is."""
        shown = set(self._columns[i])
        columns = {p for c in shown if c in self._partners for p in self._partners[c]} - shown
        return tuple([Partner(c, *(float(a[i, c]) for a in self._all)) for c in sorted(columns)])


def _of_learned_urgency(
    features: Sequence[Feature], X: Array, out_of_range: Sequence[tuple[str, ...]]
) -> list[bool]:
    """By row whether its triage level is known, and one that came in training."""
    place = next((j for j, f in enumerate(features) if f.name == "triage"), None)
    if place is None:
        return [False] * len(X)
    known = (~np.isnan(X[:, place])).tolist()
    return [k and "triage" not in names for k, names in zip(known, out_of_range, strict=True)]


def nobody_waits(features: Sequence[Feature], X: Array) -> list[bool]:
    """By row of X (any floats, [n, features]) whether it is known that none waits in the emergency department."""
    place = next((j for j, f in enumerate(features) if f.name == ALL_WAITING), None)
    return [False] * len(X) if place is None else (X[:, place] == 0).tolist()
