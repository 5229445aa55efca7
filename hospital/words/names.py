"""Names of groups, attributes and tables as people call them; where the catalogue has none, the hospital's own."""

from collections.abc import Mapping
from functools import cache, lru_cache

from hospital.words import formats
from hospital.words.catalogue import entries, has_text, text
from hospital.words.language import Language

__all__ = [
    "NO_NAMES",
    "OwnNames",
    "attribute",
    "feature_group",
    "group",
    "name",
    "own_name",
    "table",
    "unit",
    "value",
]

OwnNames = Mapping[str, Mapping[Language, str]]
"""What a hospital calls its groups, departments, covariates and attributes: by name, then by language ("fr", "en")."""
NO_NAMES: OwnNames = {}
_NO_FEATURES: Mapping[str, str] = {}
_PLACES = ("unit_group", "department")


def own_name(name: str, language: Language, own: OwnNames) -> str | None:
    """The hospital's own name for something in a language, else the one in the other language; None: it gave none."""
    given = own.get(name, {})
    return given.get(language) or next(iter(given.values()), None)


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


def attribute(attribute: str, language: Language, own: OwnNames = NO_NAMES) -> str:
    """An attribute by which groups differ."""
    given = own_name(attribute, language, own)
    return given or name(f"attributes.names.{attribute}", attribute.replace("_", " "), language)


@lru_cache(maxsize=256)
def feature_group(group: str, language: Language) -> str:
    """A group of a model's inputs; found once, for every forecast names all of them."""
    return name(f"card.feature_groups.{group}", group.replace("_", " "), language)


def group(
    group: str, language: Language, features: Mapping[str, str] = _NO_FEATURES, own: OwnNames = NO_NAMES
) -> str:
    """A group that a figure is of: everybody, a horizon, an input, an attribute's value, or two of them at once.

    Args:
        features: labels of inputs, by name.
        own: the hospital's names.
    """
    for between, joint in ((" ~ ", " ~ "), ("*", " × ")):
        if between in group:
            return joint.join(_one(part, language, features, own) for part in group.split(between))
    return _one(group, language, features, own)


def _one(group: str, language: Language, features: Mapping[str, str], own: OwnNames) -> str:
    given = features.get(group) or own_name(group, language, own)
    if given:
        return given
    for key in (f"card.groups.{group}", f"card.feature_groups.{group}"):
        if has_text(key):
            return text(key, language)
    named, equals, value_of_it = group.partition("=")
    if not equals:
        return _horizon(group, language) or name(
            f"attributes.values.unit_group={group}",
            name(f"attributes.values.department={group}", attribute(group, language), language),
            language,
        )
    label = formats.label(attribute(named, language, own), language)
    return label + value(named, value_of_it, language, own)


def value(attribute: str, value: str, language: Language, own: OwnNames = NO_NAMES) -> str:
    """A value of an attribute; one that names a horizon in hours as people say it.

    Args:
        own: the hospital's names: of units' groups and departments by themselves, of other values as in ``sex=F``, as
            a group may be called like one.
    """
    given = own_name(f"{attribute}={value}", language, own)
    if given is None and attribute in _PLACES:
        given = own_name(value, language, own)
    if given:
        return given
    plain = _horizon(value, language) or value.replace("_", " ")
    otherwise = name(f"attributes.values.{value}", plain, language)
    return name(f"attributes.values.{attribute}={value}", otherwise, language)


def _horizon(written: str, language: Language) -> str:
    """The horizon that a group names in hours ("24 h"); empty where it names none."""
    hours = written.removesuffix(" h")
    known = hours != written and hours.replace(".", "", 1).isdigit()
    return formats.horizon(float(hours), language) if known else ""
