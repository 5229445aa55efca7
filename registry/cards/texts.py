"""The texts of the model card, (French, English), from ``templates/card.toml``."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files

from hospital.markup import PAGE_STYLE

__all__ = ["ADVICE", "ATTRIBUTES", "BASELINES", "FEATURE_GROUPS", "MEASURES", "STYLE", "TEXTS", "VALUES"]

_FOLDER = files("registry.cards").joinpath("templates")
_TABLES = tomllib.loads(_FOLDER.joinpath("card.toml").read_text("utf-8"))

Pairs = Mapping[str, tuple[str, str]]


def _pairs(name: str) -> Pairs:
    return {key: (text["fr"], text["en"]) for key, text in _TABLES[name].items()}


TEXTS: Pairs = _pairs("texts")
MEASURES: Pairs = _pairs("measures")
BASELINES: Pairs = _pairs("baselines")
FEATURE_GROUPS: Pairs = _pairs("feature_groups")
ATTRIBUTES: Pairs = _pairs("attributes")
VALUES: Pairs = _pairs("values")
ADVICE: Pairs = _pairs("advice")
STYLE = PAGE_STYLE + _FOLDER.joinpath("card.css").read_text("utf-8")
