"""What is said of a value of the hospital total that some of its units do not know."""

from collections.abc import Mapping

from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language
from serving.messages.forecast_parts import Contribution

__all__ = ["about_partial_value", "with_unknown_units"]


def with_unknown_units(
    contribution: Contribution,
    about: str,
    column: int,
    unknown: Mapping[int, tuple[int, int]],
    language: Language,
) -> tuple[Contribution, str]:
    """A contribution to a total, and what is said of its value: in how many units that is unknown.

    Args:
        about: what is said of the value of all units together; it stands where all of them know it or none does.
        unknown: as `registry.model.hospital.all_units.partly_unknown` has it.
    """
    found = unknown.get(column)
    if found is None:
        return contribution, about
    known: Contribution = {**contribution, "unknown_units": found[0]}
    return known, about_partial_value(contribution["label"], *found, language)


def about_partial_value(label: str, unknown: int, units: int, language: Language) -> str:
    """That a value is unknown in some units of a total.

    Args:
        label: of the feature.
        unknown: in how many.
        units: of the total.
    """
    all_of_them = formats.number(units, language)
    return text("reasons.total.partly_unknown", language, unknown, label=label, all=all_of_them)
