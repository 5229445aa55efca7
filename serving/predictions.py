"""Predictions as they were given: checked, written with a journal entry in one transaction, then answered."""

import json
import math
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from hospital.times import moment
from registry.database import journal, payloads, predictions
from registry.digests import sha256_bytes
from registry.journal import JournalFault, append
from registry.tokens import Caller
from serving.answers import BedForecast, ModelReference, Quantiles, StoredPrediction, WaitForecast
from serving.clock import system_time
from serving.errors import Problem
from serving.protocol import LoadedModel

__all__ = ["TOLERANCE", "does_not_add_up", "edited", "find", "model_reference", "new_id", "record"]

TOLERANCE = 1e-4
"""How far an explanation may be from the number served, in minutes or beds."""


def new_id() -> str:
    """An id that nobody can guess."""
    return secrets.token_hex(12)


def does_not_add_up(forecasts: Sequence[WaitForecast | BedForecast]) -> list[int]:
    """Positions of forecasts whose explanation is not the p50 served, or whose quantiles cross."""
    return [i for i, f in enumerate(forecasts) if not _sound(f)]


def _sound(forecast: WaitForecast | BedForecast) -> bool:
    q: Quantiles = forecast.wait_minutes if isinstance(forecast, WaitForecast) else forecast.beds
    off = abs(forecast.explanation.total() - q.p50)
    return math.isfinite(off) and off <= TOLERANCE and q.p10 <= q.p50 <= q.p90


def model_reference(model: LoadedModel) -> ModelReference:
    """Which release answers, as answers say it."""
    return ModelReference(
        name=model.name,
        version=model.version,
        digest=model.digest,
        released_at=moment(model.released_at),
        card=f"/v1/models/{model.name}/card?version={model.version}",
    )


def record(
    connection: Connection,
    model: LoadedModel,
    made: Mapping[str, str],
    *,
    actor: str,
    made_at: int,
    question: Mapping[str, Any],
) -> int:
    """Writes predictions (JSON by id) and one journal entry; the caller's transaction makes them one.

    The entry's payload holds each prediction's digest, so that an edited row is found, and the question, so
    that it can be asked again; both can be erased.
    """
    subjects = {
        "model": model.name,
        "version": model.version,
        "digest": model.digest,
        "release": str(model.sequence),
        "predictions": str(len(made)),
    }
    told = {i: _digest(_response(model, t), actor, made_at) for i, t in made.items()}
    payload = {"predictions": told, "question": question}
    entry = append(
        connection, actor=actor, action="predict", subjects=subjects, payload=payload, now=system_time()
    )
    rows = [
        {
            "prediction_id": prediction_id,
            "made_at": made_at,
            "model": model.name,
            "version": model.version,
            "digest": model.digest,
            "actor": actor,
            "response": _response(model, text),
            "journal_seq": entry.seq,
        }
        for prediction_id, text in made.items()
    ]
    connection.execute(insert(predictions), rows)
    return entry.seq


def _response(model: LoadedModel, text: str) -> str:
    return f'{{"model":{model_reference(model).model_dump_json()},"prediction":{text}}}'


def _digest(response: str, actor: str, made_at: int) -> str:
    """Digest of all that is told of a prediction later: the answer, the release that gave it, who asked, when."""
    return sha256_bytes(f"{actor}\n{made_at}\n{response}".encode())


def find(connection: Connection, prediction_id: str, caller: Caller) -> StoredPrediction:
    """A prediction as it was given; an application sees its own only.

    Raises:
        Problem: 404, there is none of this id that the caller may see.
    """
    row = connection.execute(select(predictions).where(predictions.c.prediction_id == prediction_id)).first()
    own_only = caller.roles == {"application"}
    if row is None or (own_only and row.actor != caller.name):
        raise Problem(404, "unknown_prediction", "There is no prediction of this id that your token may see.")
    body = json.loads(row.response)
    return StoredPrediction(
        model=ModelReference.model_validate(body["model"]),
        made_at=moment(row.made_at),
        asked_by=row.actor,
        journal_entry=row.journal_seq,
        prediction=body["prediction"],
    )


def edited(connection: Connection) -> list[JournalFault]:
    """Prediction rows that are not what the journal says was given; for `vigie journal verify`.

    Of an erased payload nothing can be said: its predictions are passed over.
    """
    faults = []
    given: dict[int, dict[str, str]] = {}
    entries = select(journal.c.seq).where(journal.c.action == "predict")
    known = set(connection.scalars(entries))
    query = select(payloads.c.seq, payloads.c.payload).where(payloads.c.seq.in_(entries))
    for seq, payload in connection.execute(query):
        given[seq] = json.loads(payload).get("predictions", {})
    found: set[tuple[int, str]] = set()
    for row in connection.execute(select(predictions)):
        if row.journal_seq not in given:
            if row.journal_seq not in known:
                faults.append(JournalFault(row.journal_seq, f"prediction {row.prediction_id} has no entry"))
            continue
        found.add((row.journal_seq, row.prediction_id))
        digest = _digest(row.response, row.actor, row.made_at)
        if given[row.journal_seq].get(row.prediction_id) != digest:
            faults.append(JournalFault(row.journal_seq, f"prediction {row.prediction_id} was edited"))
    for seq, digests in given.items():
        faults += [JournalFault(seq, f"prediction {i} is gone") for i in digests if (seq, i) not in found]
    return faults
