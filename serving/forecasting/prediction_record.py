"""Predictions as they were given: checked, written with a journal entry in one transaction, then answered."""

import json
import math
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from pydantic_core import to_json
from sqlalchemy import Connection, select

from hospital.times import moment
from registry.digests import sha256_bytes
from registry.model.scope_fallback import TOLERANCE, unsound
from registry.record.compiled_sql import Insertion
from registry.record.journal import Draft, append_all
from registry.record.journal_audit import JournalFault
from registry.record.tables.record_tables import journal, payloads, predictions
from registry.record.tokens import Caller
from serving.errors import Problem
from serving.http.clock import system_time
from serving.messages.answer_bodies import ModelReference, StoredPrediction
from serving.messages.forecast_parts import groups_off, total
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.forecast_records import BedForecast, HospitalForecast, WaitForecast

__all__ = [
    "Forecast",
    "Made",
    "as_answered",
    "edited",
    "find",
    "model_reference",
    "new_id",
    "record",
    "unsound_forecasts",
]

_ROWS = Insertion(predictions)
CLOSELY = 1e-6
"""How far an explanation of how uncertain a forecast is may be from the number that it explains."""


def new_id() -> str:
    """An id that nobody can guess: the second, so that new rows lie side by side on disk, and 64 random bits."""
    return f"{int(time.time()):08x}{secrets.token_hex(8)}"


Forecast = WaitForecast | BedForecast | HospitalForecast


def unsound_forecasts(forecasts: Sequence[Forecast]) -> int:
    """How many must not be answered: reasons or groups that are not the p50, quantiles that cross, an infinity.

    Of the hospital total also those whose mean is not the sum of its units'.
    """
    if not forecasts:
        return 0
    totals = np.array([total(f.explanation) for f in forecasts])
    quantiles = np.array([(q["p10"], q["p50"], q["p90"]) for q in (f.quantiles for f in forecasts)])
    for i, forecast in enumerate(forecasts):
        if forecast.explanation["of"] != "p50":  # which is held to its own number, more closely
            off = totals[i] - _explained(forecast)
            totals[i] = quantiles[i, 1] if abs(off) <= CLOSELY else np.nan
    wrong = unsound(totals, quantiles).tolist()
    return sum(
        bad or not _finite(f) or not _is_sum(f) or not groups_off(f.explanation) <= TOLERANCE  # NaN is not
        for bad, f in zip(wrong, forecasts, strict=True)
    )


def _explained(forecast: Forecast) -> float:
    """The number that an explanation of something else than the median is of; NaN: there is none."""
    if forecast.explanation["of"] == "interval":
        return forecast.quantiles["p90"] - forecast.quantiles["p10"]
    probability = None if isinstance(forecast, WaitForecast) else forecast.tension_probability
    return math.nan if probability is None else probability


def _finite(forecast: Forecast) -> bool:
    shown = [v for c in forecast.explanation["contributions"] for v in (c["value"], c["reference_value"])]
    if not isinstance(forecast, WaitForecast):
        shown += [forecast.horizon_hours, forecast.staffed, forecast.tension_probability]
    return math.isfinite(sum([v for v in shown if isinstance(v, float)]))


def _is_sum(forecast: Forecast) -> bool:
    if not isinstance(forecast, HospitalForecast):
        return True
    return abs(sum(u["mean"] for u in forecast.units) - forecast.mean) <= TOLERANCE


@lru_cache(maxsize=8)
def _reference(name: str, version: str, digest: str, released_at: int) -> dict[str, Any]:
    return ModelReference(
        name=name,
        version=version,
        digest=digest,
        released_at=moment(released_at),
        card=f"/v1/models/{name}/card?version={version}",
    ).model_dump(mode="json")


def model_reference(model: LoadedModel) -> dict[str, Any]:
    """Which release answers, as answers say it: the fields of a `ModelReference`."""
    return _reference(model.name, model.version, model.digest, model.released_at)


@dataclass(frozen=True)
class Made:
    """Predictions made for one caller, to be written.

    Attributes:
        predictions: what was given, by id.
        question: what was asked, so that it can be asked again.
    """

    predictions: Mapping[str, Mapping[str, Any]]
    actor: str
    question: Mapping[str, Any]


def record(connection: Connection, model: LoadedModel, made: Sequence[Made], *, made_at: int) -> None:
    """Writes predictions and a journal entry for each caller's; the caller's transaction makes them one.

    An entry's payload holds each prediction's digest, so that an edited row is found, and the question; both
    can be erased.
    """
    if not made:
        return
    release = model_reference(model)
    drafts, rows = [], []
    for one in made:
        responses = {
            i: to_json({"model": release, "prediction": {"prediction_id": i, **prediction}})
            for i, prediction in one.predictions.items()
        }
        digests = {i: _digest(response, one.actor, made_at) for i, response in responses.items()}
        subjects = {
            "model": model.name,
            "version": model.version,
            "digest": model.digest,
            "release": str(model.sequence),
            "predictions": str(len(responses)),
        }
        payload = {"predictions": digests, "question": one.question}
        drafts.append(Draft(one.actor, "predict", subjects, payload=payload))
        rows.append([(i, one.actor, response.decode()) for i, response in responses.items()])
    entries = append_all(connection, drafts, now=system_time())
    _ROWS.run(
        connection,
        [
            {
                "prediction_id": prediction_id,
                "made_at": made_at,
                "model": model.name,
                "version": model.version,
                "digest": model.digest,
                "actor": actor,
                "response": response,
                "journal_seq": entry.seq,
            }
            for entry, found in zip(entries, rows, strict=True)
            for prediction_id, actor, response in found
        ],
    )


def _digest(response: bytes, actor: str, made_at: int) -> str:
    """Digest of all that is said of a prediction later: the answer, the release that gave it, who asked, when."""
    return sha256_bytes(f"{actor}\n{made_at}\n".encode() + response)


def find(connection: Connection, prediction_id: str, caller: Caller) -> StoredPrediction:
    """A prediction as it was given; an application sees its own only.

    Raises:
        Problem: 404, there is none of this id that the caller may see.
    """
    row = connection.execute(select(predictions).where(predictions.c.prediction_id == prediction_id)).first()
    if row is None or (caller.sees_own_only and row.actor != caller.actor):
        raise Problem(404, "unknown_prediction", "problems.unknown_prediction")
    body = json.loads(row.response)
    return StoredPrediction(
        model=ModelReference.model_validate(body["model"]),
        made_at=moment(row.made_at),
        asked_by=row.actor,
        journal_entry=row.journal_seq,
        prediction=body["prediction"],
    )


def as_answered(connection: Connection, ids: Sequence[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The release and the predictions of these ids, as they were given; ids of visits are pseudonyms.

    Raises:
        Problem: 404, one of them was erased since.
    """
    rows = connection.execute(select(predictions).where(predictions.c.prediction_id.in_(ids))).all()
    bodies = {row.prediction_id: json.loads(row.response) for row in rows}
    if any(i not in bodies for i in ids):
        raise Problem(404, "unknown_prediction", "problems.erased_predictions")
    return bodies[ids[0]]["model"], [bodies[i]["prediction"] for i in ids]


def edited(connection: Connection) -> list[JournalFault]:
    """Prediction rows that are not what the journal says was given; for `vigie journal verify`.

    Of an erased payload nothing can be said: its predictions are passed over.
    """
    faults = []
    given: dict[int, dict[str, str]] = {}
    entries = select(journal.c.seq).where(journal.c.action == "predict")
    said = select(journal.c.seq, journal.c.subjects).where(journal.c.action == "predict")
    known = {seq: json.loads(subjects) for seq, subjects in connection.execute(said)}
    query = select(payloads.c.seq, payloads.c.payload).where(payloads.c.seq.in_(entries))
    for seq, payload in connection.execute(query):
        given[seq] = json.loads(payload).get("predictions", {})
    found: set[tuple[int, str]] = set()
    for row in connection.execute(select(predictions)):
        if row.journal_seq not in known:
            faults.append(JournalFault(row.journal_seq, f"prediction {row.prediction_id} has no entry"))
            continue
        release = {"model": row.model, "version": row.version, "digest": row.digest}
        same = all(known[row.journal_seq].get(name) == value for name, value in release.items())
        if row.journal_seq in given:
            found.add((row.journal_seq, row.prediction_id))
            digest = _digest(row.response.encode(), row.actor, row.made_at)
            same = same and given[row.journal_seq].get(row.prediction_id) == digest
        if not same:
            faults.append(JournalFault(row.journal_seq, f"prediction {row.prediction_id} was edited"))
    for seq, digests in given.items():
        faults += [JournalFault(seq, f"prediction {i} is gone") for i in digests if (seq, i) not in found]
    return faults
