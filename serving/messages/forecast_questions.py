"""The questions in bodies: for which visits, or for which units and horizons, a forecast is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.contracts.request_models import MOST_FAULTS
from hospital.times import DAY, TimeError, instant, parse_time
from hospital.words.catalogue import text
from hospital.words.language import spoken
from serving.errors import RequestFault
from serving.http.problems import invalid
from serving.messages.body_envelopes import Context, envelope_of, listed, read_body, rows_of_contract
from serving.messages.explain_options import (
    Explain,
    explain_options,
    option_faults,
    total_option_faults,
    wait_option_faults,
)
from serving.messages.question_records import BedQuestion, EdState, ExplainOptions, WaitQuestion
from serving.messages.request_bodies import (
    HINDSIGHT,
    MAX_ROWS,
    MAX_VISITS,
    BedDemandRequest,
    EdStateSent,
    WaitTimeRequest,
)
from serving.messages.request_pseudonyms import pseudonymised

__all__ = ["Asked", "bed_question", "language_warnings", "wait_question"]

_LONGEST_WAIT_DAYS = 7
_WaitEnvelope = envelope_of(WaitTimeRequest)
_BedEnvelope = envelope_of(BedDemandRequest)


@dataclass(frozen=True)
class Asked:
    """A wait-time question, and the visits' ids as they were sent."""

    question: WaitQuestion
    visit_ids: tuple[str, ...]


def wait_question(body: object, context: Context) -> Asked:
    """The wait-time question in a body.

    Raises:
        Problem: 422 with every fault.
    """
    envelope, faults = read_body(_WaitEnvelope, body)
    sent = listed(body, "visits") if envelope is None else envelope.visits
    states: list[EdState | None] = []
    rows: list[object] = []
    for number, visit in enumerate(sent[:MAX_VISITS]):
        row, state, more = _visit(number, visit)
        rows.append(row)
        states.append(state)
        faults += more
        if len(faults) >= MOST_FAULTS:
            break
    visits = rows_of_contract("visits", rows, context, "visits", faults)
    faults += _long_ago(visits, context.now)
    if envelope is not None:
        faults += option_faults(envelope.explain, context.now)
        faults += wait_option_faults(envelope.explain, len(sent))
    if faults or envelope is None:
        raise invalid(faults)
    ids = tuple(_id_as_sent(row) for row in rows)
    question = WaitQuestion(
        [pseudonymised(v, context.key) for v in visits], states, _options(envelope.explain, context)
    )
    return Asked(question, ids)


def _long_ago(visits: Sequence[Mapping[str, Any]], now: int) -> list[RequestFault]:
    """Arrivals of which nobody still waits: a forecast no shorter than the wait so far would be of days or years."""
    key = "problems.faults.long_ago"
    return [
        RequestFault(f"visits[{i}].arrived_at", "long_ago", key, {"n": _LONGEST_WAIT_DAYS})
        for i, visit in enumerate(visits)
        if now - int(visit["arrived_at"]) > _LONGEST_WAIT_DAYS * DAY
    ]


def _id_as_sent(row: object) -> str:
    """A valid visit's id before it is cleaned: the answer gives back what was sent."""
    return str(row["visit_id"]) if isinstance(row, dict) else ""


def _visit(number: int, visit: object) -> tuple[object, EdState | None, list[RequestFault]]:
    if not isinstance(visit, dict):
        return visit, None, []
    row, faults = dict(visit), []
    for name in HINDSIGHT:
        if row.pop(name, None) is not None:
            words = "problems.faults.hindsight_column"
            faults.append(RequestFault(f"visits[{number}].{name}", "hindsight_column", words))
    sent = row.pop("ed_state", None)
    if sent is None:
        return row, None, faults
    state, more = read_body(EdStateSent, sent)
    faults += [_of_state(f"visits[{number}].ed_state", fault) for fault in more]
    return row, None if state is None else _ed_state(state), faults


def _of_state(path: str, fault: RequestFault) -> RequestFault:
    if fault.code == "not_the_sum":
        return RequestFault(f"{path}.waiting_by_triage", fault.code, "problems.faults.not_the_sum")
    return RequestFault(_join(path, fault.path), fault.code, fault.message, fault.values)


def _ed_state(sent: EdStateSent) -> EdState:
    levels = sent.waiting_by_triage
    counts = None if levels is None else {str(level): patients for level, patients in levels.items()}
    return EdState(sent.waiting, sent.boarding, sent.staff, counts)


def bed_question(body: object, context: Context) -> BedQuestion:
    """The bed-demand question in a body.

    Raises:
        Problem: 422 with every fault.
    """
    envelope, faults = read_body(_BedEnvelope, body)
    sent = listed(body, "observations") if envelope is None else envelope.observations or []
    at = _moment(body, context, faults)
    rows = rows_of_contract("census", sent[:MAX_ROWS], context, "observations", faults)
    if envelope is not None:
        if not envelope.units and not envelope.hospital:
            faults.append(RequestFault("units", "too_short", "problems.faults.no_unit"))
        faults += option_faults(envelope.explain, context.now)
        if envelope.hospital:
            faults += total_option_faults(envelope.explain)
        faults += _duplicates("units", envelope.units) + _duplicates(
            "horizons_hours", envelope.horizons_hours
        )
    if faults or envelope is None:
        raise invalid(faults)
    options = _options(envelope.explain, context)
    horizons = tuple(envelope.horizons_hours)
    return BedQuestion(tuple(envelope.units), horizons, at, rows, options, envelope.hospital)


def _moment(body: object, context: Context, faults: list[RequestFault]) -> int:
    sent = body.get("at") if isinstance(body, dict) else None
    if sent is None:
        return context.now
    try:
        at = instant(parse_time(sent)) if isinstance(sent, str) else None
    except TimeError as error:
        faults.append(RequestFault("at", error.code, "problems.faults.not_a_time"))
        return context.now
    if at is None:
        faults.append(RequestFault("at", "not_a_time", "problems.faults.not_a_time"))
    elif at > context.now:
        faults.append(RequestFault("at", "after_now", "problems.faults.after_now"))
    else:
        return at
    return context.now


def _duplicates(name: str, values: Sequence[object]) -> list[RequestFault]:
    words = "problems.faults.repeated"
    return [
        RequestFault(f"{name}[{number}]", "repeated", words)
        for number, value in enumerate(values)
        if value in values[:number]
    ]


def _options(explain: Explain | None, context: Context) -> ExplainOptions:
    return explain_options(explain, context.language)


def language_warnings(body: object) -> tuple[str, ...]:
    """What is said to who asked, in a body that is right, for a language that is not there; empty for others."""
    explain = body.get("explain") if isinstance(body, dict) else None
    tag = explain.get("language") if isinstance(explain, dict) else None
    if not isinstance(tag, str):
        return ()
    language, known = spoken(tag)
    return () if known else (text("trust.language", language),)


def _join(path: str, rest: str) -> str:
    return f"{path}.{rest}" if rest else path
