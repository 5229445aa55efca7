"""Decisions of the simulated days before: what the levels called then, forecast as it was known then, decided by the
demo's people through the same rules as any decision. Each says that it is simulated.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cli.demo.observations import Stage
from hospital.errors import VigieError
from hospital.times import HOUR, MINUTE
from hospital.words.catalogue import text
from registry.settings import Settings

if TYPE_CHECKING:
    from centre.decisions.decision_log import Choice
    from serving.gateway.service_parts import Parts
    from serving.interface.recommendations.progress import Progress
    from serving.interface.requests import Call

__all__ = ["past_decisions"]

_HOURS_BEFORE = (44, 25, 18)
_ANSWERED_AFTER = 10 * MINUTE
_FIRST, _SECOND = "Cadre de garde (démo)", "Directeur de garde (démo)"
_DOCTOR = "Médecin des urgences (démo)"


@dataclass(frozen=True)
class _Answer:
    """What is answered: `kind` and reason code as of a decision, its words by their key in ``demo``."""

    kind: Literal["accept", "override", "reject", "sign"]
    code: str
    words: str
    instead: str = ""


_ANSWERS = (
    _Answer("accept", "as_recommended", "past_accepted"),
    _Answer("override", "known_better", "past_overridden", "past_instead"),
    _Answer("accept", "as_recommended", "past_accepted"),
    _Answer("reject", "not_feasible", "past_rejected"),
    None,  # nobody decided
)


@contextmanager
def past_decisions(
    settings: Settings, start: int, tokens: Mapping[str, str]
) -> Iterator[tuple[Sequence[Stage], Callable[[], int]]]:
    """Stages of the observations, at each of which people decide; and what says how many decisions that made.

    Where a home has decisions already, nobody decides again.

    Args:
        start: instant at which the last stage ends.
        tokens: of the demo's people, by name.
    """
    made = _Decided(settings, tokens)
    times = [start - hours * HOUR for hours in _HOURS_BEFORE]
    try:
        yield [*(Stage(at, made.look_at) for at in times), Stage(start)], lambda: made.count
    finally:
        made.close()


class _Decided:
    """The decisions, one after the other; `count`: how many."""

    def __init__(self, settings: Settings, tokens: Mapping[str, str]) -> None:
        self._settings, self._tokens, self.count, self._turn = settings, tokens, 0, 0
        self._wired: Parts | None = None
        self._had: bool | None = None

    @property
    def _parts(self) -> "Parts":
        """The service's parts, wired when they are first needed: a demo that has its decisions does without."""
        from serving.composition import real_parts

        if self._wired is None:
            self._wired = real_parts(self._settings)
            self._wired.releases.refresh()
        return self._wired

    def close(self) -> None:
        """Ends what was wired."""
        if self._wired is not None:
            self._wired.workers.close()
            self._wired.close()

    def look_at(self, at: int) -> None:
        """What is recommended at an instant, of what is known by then; and what people answer minutes later."""
        from centre.recommendations.look import look
        from centre.recommendations.views import opened_by, seen_by
        from serving.http.clock import DemoClock

        if self._had_some():
            return
        self._parts.clock = DemoClock(at)
        look(self._parts, at)
        self._parts.clock = DemoClock(at + _ANSWERED_AFTER)
        for found, _ in seen_by(self._call(_FIRST)):
            answer = _ANSWERS[self._turn % len(_ANSWERS)]
            self._turn += 1
            if answer is not None:
                opened_by(self._call(_FIRST), found.recommendation_id)
                self._decide(found.recommendation_id, found.content["role"], answer)

    def _had_some(self) -> bool:
        """Whether the home had recommendations before this run."""
        from serving.interface.recommendations.store import reading

        if self._had is None:
            with reading(self._parts) as store:
                self._had = bool(store.since(0))
        return self._had

    def _decide(self, recommendation_id: str, role: str, answer: _Answer) -> None:
        first = _DOCTOR if role == "Médecin des urgences" else _FIRST
        progress = self._sent(first, recommendation_id, self._choice(answer))
        if progress.state == "awaiting_signature":
            signature = _Answer("sign", "as_recommended", "past_signed")
            second = _SECOND if role == "Directeur de garde" else "Cadre de santé (démo)"
            self._sent(second, recommendation_id, self._choice(signature))
        self.count += 1

    def _sent(self, person: str, recommendation_id: str, choice: "Choice") -> "Progress":
        from centre.decisions.decision_log import decide
        from centre.decisions.decision_policy import policy_of_file
        from centre.recommendations.look import protocols_now
        from serving.interface.installation import decisions_file
        from serving.interface.live_record import local_day

        policy = policy_of_file(decisions_file(self._parts))
        if policy is None:
            raise VigieError("verbs.demo.no_decisions")
        now = self._parts.clock.now()
        day, protocols = local_day(self._parts, now), protocols_now(self._parts, now)
        return decide(self._call(person), policy, recommendation_id, choice, day, protocols).progress

    def _choice(self, answer: _Answer) -> "Choice":
        from centre.decisions.decision_log import Choice

        def words(key: str) -> str:
            return text(f"demo.{key}", self._parts.language) if key else ""

        return Choice(answer.kind, answer.code, words(answer.words), words(answer.instead))

    def _call(self, person: str) -> "Call":
        """A call of a person of the demo, as the gate hands it on."""
        from serving.interface.requests import Call

        caller = self._parts.authority.caller(self._tokens[person])
        if caller is None:
            raise VigieError("verbs.demo.token_ended")
        return Call(self._parts, caller, "demo", {}, {})
