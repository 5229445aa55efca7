"""A prediction's reasons as a picture, and as a part of a page with their figures: for pages of other applications.

In the reader's language, whatever language it was answered in.
"""

from collections.abc import Mapping, Sequence
from typing import Literal
from zoneinfo import ZoneInfo

from starlette.responses import Response

from hospital.features.bed_list import ALL_BED_FEATURES
from hospital.features.feature import Feature
from hospital.features.wait import WAIT_FEATURES
from hospital.waterfall import Step, Waterfall
from hospital.words import formats, names
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language, spoken
from serving.errors import Problem
from serving.explanations.feature_rows import answered_words
from serving.forecasting.comparison import comparison_of, comparison_words
from serving.forecasting.feature_words import ALL_WAITING, FeatureWords, subjects
from serving.forecasting.hospital.partial_values import about_partial_value
from serving.forecasting.prediction_record import find
from serving.forecasting.reason_sentences import Unit, effect
from serving.gateway.endpoint import Call, Endpoint, Parameter
from serving.messages.answer_bodies import BedPrediction, HospitalPrediction, WaitPrediction
from serving.messages.forecast_parts import Explanation

__all__ = ["ENDPOINTS", "Prediction", "drawable", "stored_waterfall", "waterfall_of"]

Prediction = WaitPrediction | BedPrediction | HospitalPrediction
_OFFSET = "unit_offset"


def waterfall_of(
    prediction: Prediction,
    features: Sequence[Feature],
    labels: Mapping[str, str],
    zone: ZoneInfo,
    language: Language,
    notes: Sequence[str] = (),
    own: names.OwnNames = names.NO_NAMES,
) -> Waterfall:
    """The waterfall of a prediction.

    Args:
        features: of the model that answered, as far as they are known; a hospital's own variables are named as they
            were when it answered.
        labels: of units, by their ids.
        zone: the hospital's.
        notes: sentences that stand below, before the prediction's warnings where these are in this language.
        own: what the hospital calls its departments.
    """
    why, wait = prediction.explanation, isinstance(prediction, WaitPrediction)
    unit: Unit = "minutes" if wait else "beds"
    p50 = (prediction.wait_minutes if isinstance(prediction, WaitPrediction) else prediction.beds)["p50"]
    offset = sum(a["contribution"] for a in why["adjustments"] if a["name"] == _OFFSET)
    week: Literal["typical", "last_week"] = "last_week" if why["reference"] == "last_week" else "typical"
    compared = comparison_of(why.get("compared_with"))
    comparison = comparison_words(compared, week, language)
    words = _words(prediction, features, language, own)
    units = len(prediction.units) if isinstance(prediction, HospitalPrediction) else 0
    steps = _steps(why, words, comparison, unit, units, language)
    if compared is not None and comparison is not None:
        steps, notes = _said_once(steps, notes, comparison, compared.cases, language)
    return Waterfall(
        title=_title(prediction, formats.short_quantity(p50, unit, language), labels, zone, language),
        start=(_start(why, unit, comparison, language), why["base"] + offset),
        steps=steps,
        end=(text("picture.median", language), p50),
        unit=unit,
        language=language,
        notes=(*notes, *_warnings(prediction, language)),
    )


def _said_once(
    steps: list[Step], notes: Sequence[str], comparison: str, cases: int, language: Language
) -> tuple[list[Step], Sequence[str]]:
    """What several steps are compared with stands in the first note, and the steps say "usually" alone."""
    if sum(comparison in step.about for step in steps) < 2:
        return steps, notes
    usually = text("reasons.start.usually", language)
    note = text("reasons.compared.once", language, cases, comparison=comparison)
    return [Step(s.about.replace(comparison, usually), s.change) for s in steps], (f"{note}.", *notes)


def _words(
    prediction: Prediction, features: Sequence[Feature], language: Language, own: names.OwnNames
) -> dict[str, FeatureWords]:
    """The words of each feature that is shown."""
    why, wait = prediction.explanation, isinstance(prediction, WaitPrediction)
    total = isinstance(prediction, HospitalPrediction)
    known = {f.name: f for f in (*(WAIT_FEATURES if wait else ALL_BED_FEATURES), *features)}
    return {
        c["feature"]: answered_words(known.get(c["feature"]), c, language, own, total=total)
        for c in why["contributions"]
    }


def _steps(
    why: Explanation,
    words: Mapping[str, FeatureWords],
    comparison: str | None,
    unit: Unit,
    units: int,
    language: Language,
) -> list[Step]:
    """What the sentences say, a step each; what would be shown as 0 is among the other factors.

    Args:
        units: of a hospital total.
    """
    statements = []
    nobody = any(c["feature"] == ALL_WAITING and c["value"] == 0 for c in why["contributions"])
    for c in why["contributions"]:
        mine = words[c["feature"]]
        value, usual = mine.value_of(c["value"]), mine.value_of(c["reference_value"])
        of_it = mine.statement(value, usual, comparison, c["contribution"], nobody_waits=nobody)
        statement, unknown = of_it[2], c.get("unknown_units")
        if unknown is not None:
            about = about_partial_value(mine.label, unknown, units, language)
            statement = statement._replace(about=about)
        statements.append(statement)
    steps, other = [], why["other"]
    for about, change in subjects(statements, unit, language):
        if effect(change, unit, language) is None:
            other += change
        else:
            steps.append(Step(about[:1].upper() + about[1:], change))
    steps.append(Step(text("picture.others", language), other))
    for a in why["adjustments"]:
        if a["name"] != _OFFSET:
            steps.append(Step(_adjustment(a["name"], unit, language), a["contribution"]))
    return [step for step in steps if effect(step.change, unit, language) is not None]


def _adjustment(name: str, unit: Unit, language: Language) -> str:
    key = "floor_beds" if (name, unit) == ("floor", "beds") else name
    for where in ("rest", "total"):
        if has_text(f"reasons.{where}.{key}"):
            return text(f"reasons.{where}.{key}", language)
    return name.replace("_", " ")


def _start(why: Explanation, unit: Unit, comparison: str | None, language: Language) -> str:
    if why["reference"] == "last_week" and why["contributions"]:
        return text("picture.start_week", language)
    if not why["contributions"] and why.get("compared_with") is None:
        return text("picture.start_baseline", language)
    if unit == "beds":
        return text("picture.start_beds", language)
    return text("picture.start_alone" if comparison is None else "picture.start_usual", language)


def _title(
    prediction: Prediction, p50: str, labels: Mapping[str, str], zone: ZoneInfo, language: Language
) -> str:
    if isinstance(prediction, WaitPrediction):
        return text("picture.title_wait", language, median=p50)
    at = formats.weekday_time(prediction.target_at.astimezone(zone), language)
    key = "beds" if isinstance(prediction, BedPrediction) else "hospital"
    unit = prediction.unit if isinstance(prediction, BedPrediction) else ""
    return text(
        f"picture.title_{key}", language, unit=names.unit(labels.get(unit, unit), language), at=at, median=p50
    )


def _warnings(prediction: Prediction, language: Language) -> Sequence[str]:
    """An answer's warnings where they are in this language; else that it is to be taken with caution, where it is: a
    picture shows no more trust than its answer."""
    warnings = prediction.trust["warnings"]
    if _answered_in(prediction.explanation, warnings, language):
        return warnings
    return (f"{text('pages.degraded', language)}.",) if prediction.trust["status"] == "degraded" else ()


def _answered_in(why: Explanation, warnings: Sequence[str], language: Language) -> bool:
    """Whether an answer's sentences are in a language, by what its groups are called, or that a baseline answers."""
    groups = why.get("groups", ())
    if not groups:
        baseline = {text(key, language) for key in ("trust.outside", "trust.total.all_by_baseline")}
        return not baseline.isdisjoint(warnings)
    return all(g["label"] == names.feature_group(g["group"], language) for g in groups)


_LANGUAGE = Parameter(
    {"type": "string", "maxLength": 35},
    "of the words, as in fr or en-GB; French, with a warning, where Vigie does not speak it",
)
_ROLES = frozenset({"application", "operator", "auditor", "admin"})


def explanation_svg(call: Call) -> Response:
    """GET /v1/predictions/{prediction_id}/explanation.svg"""
    return _answer(call, "image/svg+xml")


def explanation_html(call: Call) -> Response:
    """GET /v1/predictions/{prediction_id}/explanation.html"""
    return _answer(call, "text/html")


def drawable(why: Explanation) -> bool:
    """Whether reasons are drawn: of a p50, against what is usual or a week ago."""
    return why["of"] == "p50" and isinstance(why["reference"], str)


def stored_waterfall(call: Call, prediction_id: str, tag: str) -> Waterfall:
    """The waterfall of a prediction that was given, in the language of a tag, or in French with a warning.

    Raises:
        Problem: 404, there is none of this id that the caller may see; 422, its reasons are not drawn.
    """
    language, known = spoken(tag)
    with call.parts.engine.connect() as connection:
        stored = find(connection, prediction_id, call.caller)
    if not drawable(stored.prediction.explanation):
        raise Problem(422, "not_drawn", "problems.not_drawn")
    loaded = call.parts.releases.states[stored.model.name].loaded
    engine = None if loaded is None else loaded.engine
    notes = () if known else (text("trust.language", language),)
    return waterfall_of(
        stored.prediction,
        () if engine is None else engine.features,
        {u.unit: u.name_in(language) for u in loaded.units} if loaded else {},
        ZoneInfo(loaded.zone if loaded else "Europe/Paris"),
        language,
        notes,
        loaded.names if loaded else names.NO_NAMES,
    )


def _answer(call: Call, kind: str) -> Response:
    tag = call.query.get("language", call.parts.language)
    drawn = stored_waterfall(call, call.path["prediction_id"], tag)
    content = drawn.svg() if kind == "image/svg+xml" else drawn.html()
    return Response(content, headers={"content-language": drawn.language}, media_type=kind)


ENDPOINTS = tuple(
    Endpoint(
        "GET",
        f"/v1/predictions/{{prediction_id}}/explanation.{form}",
        handler,
        f"The reasons of a prediction as {words}, in the reader's language",
        roles=_ROLES,
        scope="predictions",
        parameters={"language": _LANGUAGE},
        problems=(404,),
        page=True,
        media_type=kind,
    )
    for form, handler, kind, words in (
        ("svg", explanation_svg, "image/svg+xml", "a picture (a waterfall with a text alternative)"),
        ("html", explanation_html, "text/html", "a part of a page: the picture and its figures"),
    )
)
