"""The start page of a new installation: what is missing until the first answer, and the command that brings it."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from hospital.times import moment
from hospital.words import formats, names
from hospital.words.catalogue import text
from hospital.words.language import Language
from serving.gateway.endpoint import Call, Endpoint
from serving.pages.rendering import LANGUAGE, SEES_PAGES, language_of, render
from serving.releases.first_steps import Step

__all__ = ["ENDPOINTS", "UNTIL_FIRST_ANSWER", "first_steps"]

UNTIL_FIRST_ANSWER = frozenset({"no_release", "no_history"})
"""Why the start page has no forecasts on an installation that is not set up yet."""


def first_steps(call: Call, why: Sequence[str] = ()) -> Response:
    """GET /first-steps; `why`: texts of ``pages`` that say why there is no forecast."""
    language = language_of(call)
    states = call.parts.releases.states
    zone = next((ZoneInfo(state.loaded.zone) for state in states.values() if state.loaded), None)
    with call.parts.engine.connect() as connection:
        steps = call.parts.first_steps.steps(connection, states)
    left = sum(not step.done for step in steps)
    return render(
        "first_steps.html",
        language,
        say=lambda key, n=None: text(f"first_steps.{key}", language, n),
        steps=[_shown(step, zone, language) for step in steps],
        left=left,
        why=why,
        caller=call.caller.name,
        path="/",
    )


def _shown(step: Step, zone: ZoneInfo | None, language: Language) -> dict[str, Any]:
    general = step.name in ("history", "keys", "token")
    words = text(
        f"first_steps.{step.name if general else 'model'}.{step.state}",
        language,
        step.missing.get("approvals"),
        version=step.version,
        last=_instant(step.last, zone, language),
        roles=", ".join(text(f"first_steps.keys.role.{r}", language, n) for r, n in step.missing.items())
        if step.name == "keys"
        else "",
    )
    name = text(f"first_steps.{step.name}.name", language) if general else names.table(step.name, language)
    return {"name": name, "done": step.done, "words": words, "command": step.command}


def _instant(at: int, zone: ZoneInfo | None, language: Language) -> str:
    """An instant by the hospital's clock, which a release knows; before the first one, in UTC, which is then said."""
    if zone is None:
        return f"{formats.date_time(moment(at), language)} UTC"
    return formats.date_time(moment(at).astimezone(zone), language)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/first-steps",
        first_steps,
        "What is missing until the first answer",
        roles=SEES_PAGES,
        scope="pages",
        page=True,
        parameters=LANGUAGE,
        documented=False,
    ),
)
