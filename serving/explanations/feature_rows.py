"""A feature's row in a page's table of reasons: what it is called there, with its value and what is usual of it.

A feature's own label is made for applications, and stands in packages. On a page it is said how far ahead "then" is.
"""

from hospital.features.bed_list import ALL_BED_FEATURES
from hospital.features.feature import Feature
from hospital.words import formats
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from hospital.words.names import NO_NAMES, OwnNames
from serving.forecasting.feature_words import FeatureWords
from serving.messages.forecast_parts import Contribution

__all__ = ["answered_words", "bed_row", "bed_row_name"]

_SAID_BY_NAME = frozenset({"horizon_hours", "season_cos", "season_sin"})
"""Their row has no value: the name says it, or it is a number that says nothing to people."""
_BED_FEATURES = {feature.name: feature for feature in ALL_BED_FEATURES}


def answered_words(
    feature: Feature | None,
    shown: Contribution,
    language: Language,
    own: OwnNames = NO_NAMES,
    *,
    total: bool = False,
) -> FeatureWords:
    """The words of a feature that an answer shows.

    Args:
        feature: None: nobody knows it any more, and its label is that of the answer.
        own: what the hospital calls its departments.
        total: whether the answer is the hospital's total.
    """
    label = shown["label"]
    if feature is None:
        feature = Feature(shown["feature"], shown["group"], label, label)
    if feature.name != "triage" and not feature.levels:
        given = dict.fromkeys(v for v in (shown["value"], shown["reference_value"]) if isinstance(v, str))
        feature = Feature(
            feature.name, feature.group, feature.label_fr, feature.label_en, feature.unit, tuple(given)
        )
    return FeatureWords(feature, language, total=total, own=own)


def bed_row_name(shown: Contribution, hours: float, language: Language) -> str:
    """What a feature of bed demand is called in a table; `hours`: horizon of the forecast."""
    key = f"feature_rows.{shown['feature']}"
    return text(key, language, ahead=formats.ahead(hours, language)) if has_text(key) else shown["label"]


def bed_row(shown: Contribution, hours: float, language: Language) -> str:
    """The same with its value, and with what is usual where that is written otherwise."""
    name, value, usual = bed_row_name(shown, hours, language), shown["value"], shown["reference_value"]
    if shown["feature"] in _SAID_BY_NAME:
        return name
    if value is None:
        return formats.label(name, language) + text("pilotage.not_known", language)
    words = answered_words(_BED_FEATURES.get(shown["feature"]), shown, language)
    now, then = _written(words, value), None if usual is None else _written(words, usual)
    row = formats.label(name, language) + now
    if then is None or then == now:
        return row
    return f"{row} ({formats.label(text('pilotage.reference', language), language)}{then})"


def _written(words: FeatureWords, value: float | str) -> str:
    """A value behind its row's name, which says what is counted."""
    written = words.written(value)
    return written if isinstance(value, str) else words.alone(value, written)
