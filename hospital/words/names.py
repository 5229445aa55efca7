"""Names of groups, attributes and tables as people call them; where the catalogue has none, the hospital's own."""

from collections.abc import Mapping
from functools import cache

from hospital.words import formats
from hospital.words.catalogue import entries, has_text, text
from hospital.words.language import Language

__all__ = ["attribute", "feature_group", "group", "name", "table", "unit", "value"]

_NO_FEATURES: Mapping[str, str] = {}


def name(key: str, otherwise: str, language: Language) -> str:
    """A text of the catalogue; where it has none, a name that the hospital or its policy gave."""
    return text(key, language) if has_text(key) else otherwise


def table(table: str, language: Language) -> str:
    """A table or model."""
    return name(f"tables.{table}", table, language)


def unit(label: str, language: Language) -> str:
    """A unit's name: the hospital's own; those of the simulated hospital, which are English, in the page's language."""
    key = _simulated_units().get(label)
    return label if key is None else text(key, language)


@cache
def _simulated_units() -> Mapping[str, str]:
    return {entry["en"][""]: f"units.{key}" for key, entry in entries("units").items()}


def attribute(attribute: str, language: Language) -> str:
    """An attribute by which groups differ."""
    return name(f"attributes.names.{attribute}", attribute.replace("_", " "), language)


def feature_group(group: str, language: Language) -> str:
    """A group of a model's inputs."""
    return name(f"card.feature_groups.{group}", group.replace("_", " "), language)


def group(group: str, language: Language, features: Mapping[str, str] = _NO_FEATURES) -> str:
    """A group that a figure is of: everybody, a horizon, an input, an attribute's value, or two of them at once.

    Args:
        features: labels of inputs, by name.
    """
    for between, joint in ((" ~ ", " ~ "), ("*", " × ")):
        if between in group:
            return joint.join(_one(part, language, features) for part in group.split(between))
    return _one(group, language, features)


def _one(group: str, language: Language, features: Mapping[str, str]) -> str:
    if group in features:
        return features[group]
    if has_text(f"card.groups.{group}"):
        return text(f"card.groups.{group}", language)
    named, equals, given = group.partition("=")
    if not equals:
        return _horizon(group, language) or name(
            f"attributes.values.unit_group={group}",
            name(f"attributes.values.department={group}", attribute(group, language), language),
            language,
        )
    return formats.label(attribute(named, language), language) + value(named, given, language)


def value(attribute: str, value: str, language: Language) -> str:
    """A value of an attribute; one that names a horizon in hours as people say it."""
    plain = _horizon(value, language) or value.replace("_", " ")
    otherwise = name(f"attributes.values.{value}", plain, language)
    return name(f"attributes.values.{attribute}={value}", otherwise, language)


def _horizon(written: str, language: Language) -> str:
    """The horizon that a group names in hours ("24 h"); empty where it names none."""
    hours = written.removesuffix(" h")
    known = hours != written and hours.replace(".", "", 1).isdigit()
    return formats.horizon(float(hours), language) if known else ""
