"""What is said of a value of the hospital total that some of its units do not know."""

from collections.abc import Mapping

from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language

__all__ = ["about_partial_value"]


def about_partial_value(
    about: str, label: str, column: int, unknown: Mapping[int, tuple[int, int]], language: Language
) -> str:
    """In how many units a value is unknown; `about`, where all of them know it or none does.

    Args:
        about: what is said of the value of all units together.
        label: the feature's.
        unknown: as `registry.model.hospital.all_units.partly_unknown` has it.
    """
    found = unknown.get(column)
    if found is None:
        return about
    units = formats.number(found[1], language)
    return text("reasons.total.partly_unknown", language, found[0], label=label, all=units)
