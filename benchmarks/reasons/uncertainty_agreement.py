"""Whether the sentences on how uncertain a forecast is say what its figures say, and their first one which way."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from benchmarks.reasons.agreement import causal, effect_of, in_sentences
from benchmarks.reasons.contribution_values import Language

__all__ = ["uncertainty_disagreements"]

_NOTABLE = 0.05
"""Share of the usual width within which it is as usual."""
_SHOWN = 0.05
"""What would be written as 0.0."""
_POINTS = 100.0
_LEAD = {
    "fr": re.compile(
        r"^(?P<what>L'incertitude est|Manquer de lits armés est) (?P<side>plus grande|plus petite|plus probable|"
        r"moins probable|comme|celle|aussi probable)\b.*?([\u00a0\u202f ]: (?P<about>.*))?$"
    ),
    "en": re.compile(
        r"^(?P<what>The uncertainty is|Too few staffed beds are) (?P<side>greater|smaller|more likely|less likely|"
        r"as usual|that|as likely)\b.*?(: (?P<about>.*))?$"
    ),
}
_COVERED = (
    "L'intervalle n'est que l'attente déjà passée\u00a0: il ne dit pas combien elle durera encore",
    "The interval is the wait so far alone: it does not say how much longer it will last",
)
_AS_USUAL = re.compile(r"\((comme d'habitude|the same usually)[^)]*\)")
_MORE = {"plus grande", "plus probable", "greater", "more likely"}
_LESS = {"plus petite", "moins probable", "smaller", "less likely"}
_OTHERS = ("plusieurs facteurs ensemble", "several factors together")
_ERRORS = ("écarts récents entre prévisions et réalité", "recent errors of the forecasts")


def uncertainty_disagreements(answer: Mapping[str, Any], language: Language, served: float) -> Counter[str]:
    """What the sentences of one answer get wrong, by kind; empty: all agrees.

    Args:
        answer: the explanation of a width, or of a tension probability, as served.
        served: that width (minutes or beds), or probability (0 to 1).
    """
    sentences = list(answer["reasons"])
    found = causal(sentences, language)
    scaled, scale = _in_points(answer) if answer["of"] == "tension" else (answer, 1.0)
    lead = _LEAD[language].match(sentences[0])
    covered = sentences[0] in _COVERED
    rest = sentences[1:] if lead is not None or covered else sentences
    if covered != (answer["unit"] == "min" and served < _SHOWN):
        found["lead"] += 1
    if not rest:  # nothing moves an interval that says nothing, whatever is usual
        return found if covered and answer["base"] < _SHOWN else found + Counter(["no start"])
    if lead is None and not covered and answer["compared_with"] is not None:
        found["no lead"] += 1
    if lead is not None:
        found.update(_lead(lead, scaled, rest, scale * served, language))
    found.update(in_sentences(scaled, rest[0], rest[1:], language, scale * served, expected=False))
    return found


def _in_points(answer: Mapping[str, Any]) -> tuple[Mapping[str, Any], float]:
    """A probability's explanation as people are shown it: in percent, and its reasons in points."""

    def scaled(entries: Any) -> list[dict[str, Any]]:
        return [{**e, "contribution": _POINTS * e["contribution"]} for e in entries]

    body = {
        "unit": "points",
        "base": _POINTS * answer["base"],
        "other": _POINTS * answer["other"],
        "contributions": scaled(answer["contributions"]),
        "adjustments": scaled(answer["adjustments"]),
    }
    return {**answer, **body}, _POINTS


def _lead(
    lead: re.Match[str], answer: Mapping[str, Any], rest: list[str], served: float, language: Language
) -> list[str]:
    """Which way the number lies from where it starts, and what most makes it so."""
    more, out = served - answer["base"], []
    side = 1 if lead["side"] in _MORE else -1 if lead["side"] in _LESS else 0
    seen = abs(more) >= _SHOWN
    if answer["of"] == "interval" and answer["reference"] == "typical":
        seen = seen and abs(more) >= _NOTABLE * answer["base"]
    if side != (0 if not seen else 1 if more > 0 else -1):
        near = min(abs(abs(more) - _SHOWN), abs(abs(more) - _NOTABLE * answer["base"]))
        if near > 1e-6:
            out.append("lead")
    tension = lead["what"].startswith(("Manquer", "Too few"))
    if tension != (answer["of"] == "tension"):
        out.append("lead")
    about = lead["about"]
    if about is None or side == 0:
        return out
    towards = [s for s in rest[1:] if (effect := effect_of(s, language)) is not None and effect * side > 0]
    towards = [s for s in towards if not _AS_USUAL.search(s)]  # what is written as usual does not lead
    if about in _OTHERS:
        own = [s for s in towards if not s.startswith(("Tous les autres", "All other"))]
        return [*out, "lead"] if own else out
    if len(answer["contributions"]) < _ALL and answer["other"]:
        return out  # what most makes it so may be one that is not shown
    said = about[:1].upper() + about[1:]
    first = next((s for s in towards if not s.startswith(("Tous les autres", "All other"))), "")
    return out if first.startswith(said) or about.lower() in _ERRORS else [*out, "lead"]


_ALL = 6
"""Features that play by themselves."""
