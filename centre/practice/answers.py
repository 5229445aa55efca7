"""A protocol's step as it is answered: in the protocol itself, and in a recommendation that calls it."""

from pydantic import BaseModel

__all__ = ["StepAnswer"]


class StepAnswer(BaseModel):
    """What a person of the role would do. `within_minutes`: null, no limit is set."""

    action: str
    role: str
    within_minutes: int | None
    skills: tuple[str, ...]
    two_people: bool
