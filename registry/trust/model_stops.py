"""Stopping a model at once, by one entitled person; and letting it speak again, by a quorum of the board.

A stop stands in the trust file, which the service looks at each second: every worker then answers with the baseline. It
stays through new releases and roll-backs until a quorum has signed that this very stop is over.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from hospital.contracts.text_cleaning import is_said
from hospital.times import instant
from hospital.words.messages import Clause, message
from registry.digests import canonical_json, read_plain_file, sha256_bytes, write_atomically
from registry.errors import PolicyError, RegistryError, SignatureError, TrustError
from registry.package.manifest import MODELS
from registry.policy.board_policy import default_policy
from registry.record.database import existing_database, opened_database, writing
from registry.record.journal import append, entries_of
from registry.settings import Settings
from registry.trust.keys import Key, Signed
from registry.trust.policy_in_force import policy_of_digest
from registry.trust.trust_store import load_trust, locked_trust, save_trust, trust_digest
from registry.trust.trusted_people import Trust

__all__ = ["is_stopped", "resume_model", "stop_model"]

_STOP, _RESUME = "vigie-stop-v1", "vigie-resume-v1"


def stop_model(settings: Settings, model: str, key: Key, *, reason: str, now: datetime) -> str:
    """Stops a model; returns the name of whoever did.

    The stop stands even where the journal cannot be written at this moment: what must stop does not wait for it.

    Raises:
        TrustError: the person is not entitled by the policy in force, no reason is given, or it is stopped already;
            or it is stopped now and has no entry yet, which the error says.
    """
    _require_known(model)
    with locked_trust(settings.trust):
        trust = load_trust(settings.trust)
        faults = [] if is_said(reason) else [message("trust_errors.stops.no_reason")]
        body = {"model": model, "reason": reason.strip(), "at": instant(now)}
        signed = key.sign(_STOP, body)
        entitled = _entitled(settings, trust)
        found = trust.key_of(key.public_key)
        role = next((r for r in entitled if found is not None and r in found.roles), entitled[0])
        name = key.name
        try:
            name = trust.require(signed, role, _STOP, acting=True)
        except SignatureError as error:
            faults.insert(
                0,
                message("trust_errors.stops.not_entitled", why=Clause(error), roles=_any_of(entitled)),
            )
        if faults:
            raise TrustError("trust_errors.stops.not_stopped", model=model, faults=tuple(faults))
        # One that nobody signed makes room for this one, and so does one that a quorum let end: it was put back.
        if _signer(trust, model) is not None and not _is_over(settings, trust, model):
            _enter_stop(settings, trust, model, now)
            raise TrustError("trust_errors.stops.stopped_already", model=model)
        trust = trust.with_stop(model, signed.to_json())
        save_trust(settings.trust, trust)
        try:
            _enter_stop(settings, trust, model, now)
        except (RegistryError, SQLAlchemyError) as error:
            why = Clause(error) if isinstance(error, RegistryError) else type(error).__name__
            raise TrustError("trust_errors.stops.not_entered", model=model, why=why) from None
    return name


def resume_model(
    settings: Settings, model: str, keys: Sequence[Key], *, reason: str, now: datetime
) -> tuple[str, ...]:
    """Lets a stopped model speak again; returns who signed.

    Raises:
        TrustError: it is not stopped, or members have yet to sign: signatures that were given are kept.
    """
    _require_known(model)
    with locked_trust(settings.trust):
        trust = load_trust(settings.trust)
        stop_digest = _standing(settings, trust, model)
        if stop_digest is None:
            raise TrustError("trust_errors.stops.nothing_to_resume", model=model)
        body = {"model": model, "stop_digest": stop_digest}
        path = settings.trust / f"resume-{model}.json"
        signatures = {
            s.public_key: s for s in (*_collected(trust, path, body), *(k.sign(_RESUME, body) for k in keys))
        }
        names = tuple(sorted({_member(trust, signed) for signed in signatures.values()}))
        quorum = policy_of_digest(settings.trust, trust.policy_digest).board.quorum
        if len(names) < quorum:
            if keys:
                write_atomically(path, canonical_json([s.to_json() for s in signatures.values()]))
            raise TrustError("trust_errors.stops.stays_stopped", model=model, n=len(names), quorum=quorum)
        if model in trust.stopped:  # where the journal could not be written when it was stopped
            _enter_stop(settings, trust, model, now)
        _resume(settings, trust, body, ", ".join(names), reason, now)
        path.unlink(missing_ok=True)
    return names


def is_stopped(settings: Settings, trust: Trust, model: str) -> bool:
    """Whether a stop of the model stands: in the trust file, or in the journal, which no quorum let end.

    The trust file names it without a signature of whoever takes it out.

    Raises:
        SQLAlchemyError, RegistryError: the file names none, and the journal cannot be read.
    """
    return model in trust.stopped or _entered(settings, model) is not None


def _standing(settings: Settings, trust: Trust, model: str) -> str | None:
    """The digest of the stop that stands; None: there is none."""
    return _digest(trust.stopped[model]) if model in trust.stopped else _entered(settings, model)


def _entered(settings: Settings, model: str) -> str | None:
    """The digest of the stop that the journal has last, with no resumption after it."""
    with existing_database(settings.database) as engine, engine.connect() as connection:
        acts = [e for e in entries_of(connection, ("stop", "resume")) if e.subjects.get("model") == model]
    return acts[-1].subjects.get("stop_digest") if acts and acts[-1].action == "stop" else None


def _is_over(settings: Settings, trust: Trust, model: str) -> bool:
    """Whether the journal has an end of the very stop that stands in the trust file; not, where it cannot be read."""
    digest = _digest(trust.stopped[model])
    try:
        with existing_database(settings.database) as engine, engine.connect() as connection:
            return any(e.subjects.get("stop_digest") == digest for e in entries_of(connection, ("resume",)))
    except (RegistryError, SQLAlchemyError):
        return False


def _entitled(settings: Settings, trust: Trust) -> tuple[str, ...]:
    """The roles that may stop, by the policy in force; by the one that ships, where that cannot be used."""
    try:
        policy = policy_of_digest(settings.trust, trust.policy_digest)
    except PolicyError:
        policy = default_policy()
    return tuple(policy.board.stop_roles)


def _any_of(roles: Sequence[str]) -> object:
    """Roles of which one will do."""
    words: object = roles[0]
    for role in roles[1:]:
        words = message("trust_errors.stops.or", one=words, other=role)
    return words


def _require_known(model: str) -> None:
    if model not in MODELS:
        raise TrustError("trust_errors.stops.no_model", model=model, models=tuple(MODELS))


def _member(trust: Trust, signed: Signed) -> str:
    try:
        return trust.require(signed, "board", _RESUME, acting=True)
    except SignatureError as error:
        raise TrustError("trust_errors.stops.not_resumed", why=error) from None


def _collected(trust: Trust, path: Path, body: Mapping[str, str]) -> list[Signed]:
    """Signatures that were given before, of this very stop, in the name of members who are in office."""
    try:
        found = [Signed.from_json(value) for value in json.loads(read_plain_file(path))]
    except (OSError, ValueError, TypeError, RecursionError, SignatureError):
        return []
    return [signed for signed in found if signed.body == body and _is_member(trust, signed)]


def _is_member(trust: Trust, signed: Signed) -> bool:
    key = trust.key_of(signed.public_key)
    return key is not None and "board" in key.roles and not key.retired


def _enter_stop(settings: Settings, trust: Trust, model: str, now: datetime) -> None:
    """Writes the entry of the stop that stands, unless there is one, or nobody whom the trust file knows signed it."""
    stop, actor = trust.stopped[model], _signer(trust, model)
    if actor is None:
        return
    stop_digest = _digest(stop)
    with opened_database(settings.database) as engine, writing(engine) as connection:
        if any(e.subjects.get("stop_digest") == stop_digest for e in entries_of(connection, ("stop",))):
            return
        append(
            connection,
            actor=actor,
            action="stop",
            subjects={"model": model, "stop_digest": stop_digest, "trust_digest": trust_digest(trust)},
            reason=str(Signed.from_json(stop).body.get("reason", "")),
            now=now,
        )


def _signer(trust: Trust, model: str) -> str | None:
    """Who signed the stop of exactly this model that stands in the trust file; None: there is none, or it is forged.

    Nobody signs the file as a whole: whoever can write it could else have an entry made in another person's name.
    """
    if model not in trust.stopped:
        return None
    try:
        signed = Signed.from_json(trust.stopped[model])
        signed.verify()
    except SignatureError:
        return None
    key = trust.key_of(signed.public_key)
    is_of_this = signed.purpose == _STOP and signed.body.get("model") == model
    return key.name if key is not None and is_of_this else None


def _resume(
    settings: Settings, trust: Trust, body: Mapping[str, str], actor: str, reason: str, now: datetime
) -> None:
    """The entry and the file: killed between them the model is still stopped, by the journal."""
    resumed = trust.without_stop(body["model"])
    try:
        with opened_database(settings.database) as engine, writing(engine) as connection:
            subjects = {**body, "trust_digest": trust_digest(resumed)}
            append(
                connection, actor=actor, action="resume", subjects=subjects, reason=reason.strip(), now=now
            )
            save_trust(settings.trust, resumed)
    except BaseException:
        save_trust(settings.trust, trust)
        raise


def _digest(signed: Mapping[str, Any]) -> str:
    return sha256_bytes(canonical_json(signed))
