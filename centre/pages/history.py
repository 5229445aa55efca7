"""The page Historique: what people decided, filtered and as a file; and how oversight does, for the board."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from starlette.responses import Response

from centre.decisions.decision_policy import DecisionPolicyError, policy_of_file
from centre.levels.hospital_levels import policy_in_force
from centre.oversight.figures import figures
from centre.recommendations.answers import DecisionAnswer
from centre.recommendations.decision_filter import FILTERS, filter_of, table_of
from centre.recommendations.history import DecisionsAnswer, decisions_of
from serving.interface.bed_forecasts import group_names, unit_labels
from serving.interface.forms import LANGUAGE, SEES_PAGES, form_page, sent_language
from serving.interface.installation import decisions_file, levels_file
from serving.interface.live_record import hospital_zone
from serving.interface.pages import date_words, percent_words, time_words, words
from serving.interface.prediction_decisions import Decision
from serving.interface.release_overrides import ReleaseOverrides
from serving.interface.requests import Call, Endpoint, Problem, instant

__all__ = ["ENDPOINTS"]

_TEMPLATES = Path(__file__).parent / "templates"
_MOST = 500
_AGAINST = ("override", "overridden", "reject", "rejected")


def history(call: Call) -> Response:
    """GET /history"""
    faults: list[str] = []
    try:
        found = decisions_of(call, filter_of(call), limit=100_000)
    except Problem as problem:
        if problem.status != 422:
            raise
        faults = [f.path.removeprefix("query.") for f in problem.faults]
        found = DecisionsAnswer(decisions=(), on_recommendations=(), next=None)
    both: list[Decision | DecisionAnswer] = [*found.decisions, *found.on_recommendations]
    rows = sorted(both, key=lambda d: d.journal_entry, reverse=True)
    zone, language = hospital_zone(call.parts), sent_language(call)
    labels, groups = unit_labels(call.parts, language), group_names(call.parts, language)
    query = urlencode({name: value for name, value in call.query.items() if name in FILTERS})
    return form_page(
        call,
        _TEMPLATES,
        "history.html",
        "decide",
        path="/history",
        status=422 if faults else 200,
        rows=rows[:_MOST],
        more=max(len(rows) - _MOST, 0),
        against=sum(d.decision in _AGAINST for d in rows),
        faults=faults,
        at=lambda d: time_words(call, instant(d.decided_at), zone),
        since=lambda board: date_words(call, board.since.astimezone(zone).date()),
        simulated=call.parts.clock.simulated,
        rule=lambda board: _rule_words(call, board),
        unit_name=lambda unit: labels.get(unit, unit),
        asked={**dict.fromkeys(FILTERS, ""), **call.query},
        query=query,
        filtered=any(call.query.get(name) for name in FILTERS),
        group_name=lambda group: groups.get(group, group.replace("_", " ")),
        reason_title=_reason_titles(call),
        level_title=_level_titles(call),
        figures=figures(call.parts, call.parts.clock.now()),
    )


def _rule_words(call: Call, board: ReleaseOverrides) -> str:
    """The board's rule, in the words of the card."""
    rule = board.rule
    shares = {n: percent_words(call, getattr(rule, n)) for n in ("share", "confidence")}
    return words(call, "card.overrides_note", rule.decisions, **shares)


def _reason_titles(call: Call) -> Callable[[str], str]:
    """A reason's title by its code; a code that the policy no longer has stays as it is."""
    try:
        policy = policy_of_file(decisions_file(call.parts))
    except DecisionPolicyError:
        policy = None
    titles = (
        {} if policy is None else {r.code: str(getattr(r.title, sent_language(call))) for r in policy.reasons}
    )
    return lambda code: titles.get(code, code)


def _level_titles(call: Call) -> Callable[[str], str]:
    """A level's title by its name; a level that the policy no longer has stays as it is."""
    policy = policy_in_force(levels_file(call.parts)).policy
    levels = () if policy is None else policy.levels
    titles = {level.name: str(getattr(level.title, sent_language(call))) for level in levels}
    return lambda name: titles.get(name, name)


def history_table(call: Call) -> Response:
    """GET /history.csv"""
    return table_of(call, filter_of(call))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/history",
        history,
        "Decisions, filtered, and how oversight does",
        roles=SEES_PAGES,
        scope="pages",
        page=True,
        parameters={**LANGUAGE, **FILTERS},
        documented=False,
    ),
    Endpoint(
        "GET",
        "/history.csv",
        history_table,
        "Decisions as a file",
        roles=SEES_PAGES,
        scope="decisions",
        page=True,
        parameters={**LANGUAGE, **FILTERS},
        documented=False,
    ),
)
