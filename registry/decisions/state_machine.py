"""What may become of a recommendation: proposed → accepted | overridden | rejected | expired, by people's acts alone.

Acts are appended and never changed; the state is what they add up to. An expiry is no decision: it says that nobody
decided. Where four eyes are asked for, an answer waits for the signature of another person, who may decline it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, cast

__all__ = [
    "ACTS",
    "FINAL",
    "Act",
    "ActKind",
    "NotAllowedError",
    "Progress",
    "State",
    "Stored",
    "Verdict",
    "after",
    "progress_of",
    "replayed",
]

Verdict = Literal["accepted", "overridden", "rejected"]
State = Literal["proposed", "awaiting_signature", "accepted", "overridden", "rejected", "expired"]
ActKind = Literal["opened", "answered", "signed", "declined", "expired"]
ACTS: tuple[ActKind, ...] = ("opened", "answered", "signed", "declined", "expired")
FINAL: frozenset[State] = frozenset({"accepted", "overridden", "rejected", "expired"})


class NotAllowedError(Exception):
    """An act that the state does not allow; `code` says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Act:
    """What somebody did, or that the time passed.

    Attributes:
        person: who; "" of an expiry, which nobody does.
        at: instant.
        verdict: of an answer.
        two_people: of an answer: whether another person has to sign it.
    """

    kind: ActKind
    person: str
    at: int
    verdict: Verdict | None = None
    two_people: bool = False


class Stored(Protocol):
    """An act as it is stored, of whichever kind: also those that decide nothing (shown, an outcome).

    Attributes:
        at: instant.
        content: who, and what; of an answer its verdict and whether two people are asked for.
    """

    @property
    def kind(self) -> str: ...
    @property
    def at(self) -> int: ...
    @property
    def content(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Progress:
    """Where a recommendation stands.

    Attributes:
        verdict: of the answer that stands or waits for a signature; None: there is none.
        answered_by: who gave it.
        signed_by: who signed it besides; None: nobody, or nobody had to.
        decided_at: instant at which it became final, or expired.
    """

    state: State = "proposed"
    verdict: Verdict | None = None
    answered_by: str | None = None
    signed_by: str | None = None
    decided_at: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing can become of it any more."""
        return self.state in FINAL


def after(progress: Progress, act: Act, decide_by: int) -> Progress:
    """Where it stands after an act.

    Args:
        decide_by: the last instant at which it can be decided.

    Raises:
        NotAllowedError: with its code, and nothing changes.
    """
    if act.kind == "opened":
        return progress
    if progress.is_final:
        raise NotAllowedError("decided_already" if progress.state != "expired" else "nobody_decided")
    if act.kind == "expired":
        return Progress(state="expired", decided_at=act.at)
    if not act.person.strip():
        raise NotAllowedError("no_person")
    if act.at > decide_by:
        raise NotAllowedError("too_late")
    if act.kind == "answered":
        return _answered(progress, act)
    if progress.state != "awaiting_signature" or progress.verdict is None:
        raise NotAllowedError("nothing_to_sign")
    if act.kind == "declined":
        return Progress()
    if act.person == progress.answered_by:
        raise NotAllowedError("same_person")
    return replace(progress, state=progress.verdict, signed_by=act.person, decided_at=act.at)


def _answered(progress: Progress, act: Act) -> Progress:
    if act.verdict is None:
        raise NotAllowedError("no_verdict")
    if progress.state == "awaiting_signature":
        raise NotAllowedError("waits_for_signature")
    if act.two_people:
        return Progress("awaiting_signature", act.verdict, act.person)
    return Progress(act.verdict, act.verdict, act.person, None, act.at)


def progress_of(acts: Iterable[Act], decide_by: int) -> Progress:
    """Where a recommendation stands after its acts, in their order."""
    progress = Progress()
    for act in acts:
        progress = after(progress, act, decide_by)
    return progress


def replayed(acts: Iterable[Stored], decide_by: int) -> Progress:
    """Where a recommendation stands after all that is stored of it, in its order.

    Raises:
        NotAllowedError: what is stored could not have been done: somebody wrote into the database.
    """
    return progress_of((_act_of(stored) for stored in acts if stored.kind in ACTS), decide_by)


def _act_of(stored: Stored) -> Act:
    content = stored.content
    return Act(
        cast(ActKind, stored.kind),
        content.get("person", ""),
        stored.at,
        content.get("verdict"),
        bool(content.get("two_people", False)),
    )
