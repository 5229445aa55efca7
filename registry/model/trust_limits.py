"""How far a forecast may be relied on: trusted scope, age of the observations, range of the inputs; in words too.

Serving says it with each answer, and a file of many explanations row by row: by these rules, and no others.
"""

from collections.abc import Iterable, Sequence

from hospital.features.feature import Feature
from hospital.times import DAY, HOUR
from hospital.words.catalogue import text
from hospital.words.language import Language
from registry.model.trust_status import TrustStatus
from registry.package.manifest import Manifest

__all__ = ["MOST_WARNINGS", "emergency_of", "stale_after", "trust_status", "warnings_of", "worst"]

MOST_WARNINGS = 2
"""Who reads a list of eight reads none."""
_MOST_NAMES = 5
"""Of features in one warning: of a department that is not known everything else is unknown, too."""
_STALE_ED = 3 * HOUR
_STALE_BEDS = {1: 6 * HOUR, 24: 3 * DAY}


def emergency_of(departments: Iterable[str | None]) -> list[str]:
    """The unit group of each visit's department; a hospital that names none has one, ``emergency``."""
    return [department or "emergency" for department in departments]


def stale_after(manifest: Manifest) -> int:
    """Microseconds since the last reception after which a model's inputs are too old."""
    if manifest.name == "wait-time":
        return _STALE_ED
    return _STALE_BEDS.get(manifest.cadence_hours, DAY)


def warnings_of(
    features: Sequence[Feature],
    out_of_range: Sequence[str],
    missing: Sequence[str],
    *,
    inside: bool,
    stale: bool,
    unheld: bool,
    language: Language,
) -> tuple[str, ...]:
    """Why a forecast may be less good than usual, worst first; empty where nothing is known against it.

    Args:
        out_of_range: names of features beyond all that training saw.
        missing: of those that are unknown, and (nearly) never were in training.
        inside: the model answers, not the baseline.
        unheld: recent intervals of the unit did not hold as often as they say.
    """
    out = [text("trust.stale", language)] if stale else []
    others = [name for name in out_of_range if name != "department"]
    if len(others) < len(out_of_range):  # the cause of most else that may be unknown
        out.append(text("trust.unlearned_department", language))
    if not inside:
        out.append(text("trust.outside", language))
    if unheld:
        out.append(text("trust.unheld", language))
    for key, names in (("missing", missing), ("out_of_range", others)):
        if names:
            labels = _labels(features, names, language)
            out.append(text(f"trust.{key}", language, names=_listed(labels, language)))
    return worst(out)


def _labels(features: Sequence[Feature], names: Sequence[str], language: Language) -> list[str]:
    """The labels of these features, in the order of the names."""
    by_name = {f.name: f for f in features if f.name in names}
    return [by_name[name].label(language) for name in names]


def _listed(labels: Sequence[str], language: Language) -> str:
    """The first `_MOST_NAMES` of labels, and how many others there are; one other is named, too.

    A label may have a comma: "Waiting, at least as urgent".
    """
    between = text("trust.between", language)
    if len(labels) <= _MOST_NAMES + 1:
        return between.join(labels)
    others = text("trust.others", language, len(labels) - _MOST_NAMES)
    return between.join(labels[:_MOST_NAMES]) + others


def worst(warnings: Iterable[str]) -> tuple[str, ...]:
    """Of warnings, the worst first, the first `MOST_WARNINGS`, each once.

    The status counts all of them: a forecast with more than are said is as degraded.
    """
    return tuple(dict.fromkeys(warnings))[:MOST_WARNINGS]


def trust_status(warnings: Sequence[str], *, inside: bool, stale: bool) -> TrustStatus:
    """``baseline`` outside the trusted scope; ``degraded`` on stale or out-of-range inputs, wherever."""
    # Outside the scope one warning is always there: it says which baseline answered, not that inputs are bad.
    if len(warnings) > (0 if inside else 1) or stale:
        return "degraded"
    return "trusted" if inside else "baseline"
