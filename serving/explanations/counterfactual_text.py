"""Counterfactuals in words: what the model would say of other counts, and nothing of what a change would do."""

from typing import Literal

import numpy as np

from hospital.dataset.quantiles import LEVELS
from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language
from registry.explanations.basis import Basis
from registry.explanations.counterfactual import Counterfactual, Found
from registry.explanations.levers import Range
from registry.explanations.uncertainty import tension_of
from serving.forecasting.reason_sentences import rounded
from serving.messages.counterfactual_bodies import AnsweredLever, LeverChange, OtherCounts
from serving.messages.forecast_parts import Quantiles

__all__ = ["Outcome", "answered_levers", "counted", "notes", "number_words", "other_counts", "outcome_of"]

Outcome = Literal["reached", "already", "out_of_reach", "no_lever"]
_P10, _P50, _P90 = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)


def outcome_of(found: Found, *, already: bool) -> Outcome:
    """How a search ended; `already`: the number is what it is to be."""
    if already:
        return "already"
    if not any(r.counts.size > 1 for r in found.ranges):
        return "no_lever"
    return "reached" if found.results else "out_of_reach"


def answered_levers(found: Found, language: Language) -> tuple[AnsweredLever, ...]:
    """The levers with the counts that were tried."""
    return tuple(
        AnsweredLever(
            lever=r.lever.name,
            label=text(f"explanations.levers.{r.lever.name}", language),
            now=r.now,
            least=float(r.counts[0]) if r.counts.size else None,
            most=float(r.counts[-1]) if r.counts.size else None,
        )
        for r in found.ranges
    )


def number_words(of: str, number: float, basis: Basis, language: Language) -> str:
    """The number of a goal as people write it."""
    if of == "tension":
        return formats.short_probability(number, language)
    return formats.short_quantity(number, "minutes" if basis.model.name == "wait-time" else "beds", language)


def other_counts(
    one: Counterfactual,
    found: Found,
    basis: Basis,
    of: Literal["p50", "tension"],
    served: float,
    language: Language,
) -> OtherCounts:
    """One counterfactual, as it is answered."""
    by_name = {r.lever.name: r for r in found.ranges}
    changes = tuple(
        LeverChange(lever=name, count=value, now=by_name[name].now or 0.0)
        for name, value in one.changes.items()
    )
    said = [counted(by_name[name], value, language) for name, value in one.changes.items()]
    counts = said[0]
    if len(said) > 1:
        counts = text("explanations.counterfactual.and", language, first=said[0], second=said[1])
    quantiles = one.quantiles.tolist()
    forecast: Quantiles = {"p10": quantiles[_P10], "p50": quantiles[_P50], "p90": quantiles[_P90]}
    staffed = one.changes.get("staffed_beds", basis.staffed)
    return OtherCounts(
        changes=changes,
        forecast=forecast,
        tension_probability=None if staffed is None else _tension(basis, one, staffed),
        sentence=text(
            f"explanations.counterfactual.{of}",
            language,
            counts=counts,
            value=number_words(of, one.number, basis, language),
            served=number_words(of, served, basis, language),
        ),
    )


def _tension(basis: Basis, one: Counterfactual, staffed: float) -> float:
    return float(tension_of(basis.model, basis.row, one.quantiles[None], np.array([staffed]))[0])


def counted(lever: Range, value: float, language: Language) -> str:
    """A count of a lever, beside the one that there is."""
    kind = "none" if rounded(value) == 0 else "count"
    key = f"explanations.levers.{kind}.{lever.lever.name}"
    now = formats.short_number(lever.now or 0.0, language)
    return text(
        "explanations.counterfactual.instead", language, count=text(key, language, rounded(value)), now=now
    )


def _seen_counts(found: Found, language: Language) -> str:
    """Each lever with the counts of it that have been seen; where its count is not known, none was tried."""
    said = []
    for one in found.ranges:
        name = text(f"explanations.levers.{one.lever.name}", language)
        if not one.counts.size:
            continue
        least, most = (formats.short_number(float(one.counts[i]), language) for i in (0, -1))
        counts = text("explanations.counterfactual.from_to", language, least=least, most=most)
        said.append(
            formats.label(name[:1].lower() + name[1:], language) + (least if least == most else counts)
        )
    return ", ".join(said)


def notes(found: Found, outcome: Outcome, basis: Basis, served: str, language: Language) -> tuple[str, ...]:
    """What is to be known of all of them; the last is said whatever was found."""
    out = []
    if outcome != "reached":
        key = "baseline" if outcome == "no_lever" and not basis.inside else outcome
        values = {"served": served, "levers": _seen_counts(found, language)}
        out.append(text(f"explanations.counterfactual.{key}", language, None, **values))
    if not found.complete:
        out.append(text("explanations.counterfactual.incomplete", language))
    return (*out, text("explanations.counterfactual.caveat", language))
