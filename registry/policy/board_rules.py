"""The policy's section on who must sign what, and for how long it counts, with the bounds no board may leave."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["FUNCTIONS", "BoardRules"]

FUNCTIONS = ("clinician", "nurse", "data-protection", "quality", "management")
"""What a member of the board may stand for, besides being one; a policy may require some of them."""

Function = Literal["clinician", "nurse", "data-protection", "quality", "management"]


class BoardRules(BaseModel):
    """Whose signatures a release, a change of people and a return to service rest on.

    Attributes:
        quorum: members who sign a change of people or policy, and that a stopped model may speak again.
        rollback_approvals: members who approve going back to an earlier release, the short path.
        approval_days: between an approval and the release that rests on it.
        required_roles: functions of which the approvals must hold each.
        stop_roles: who may stop a model at once, alone.
        retired_vouch: whether what somebody signed still counts once their key is retired. A key that is taken out of
            the trust folder vouches for nothing: a release that without it lacks an author, a check, a releaser or an
            approval that it needs ends.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    quorum: Annotated[int, Field(ge=2, le=9)]
    rollback_approvals: Annotated[int, Field(ge=1, le=9)]
    approval_days: Annotated[int, Field(ge=1, le=365)]
    required_roles: Annotated[tuple[Function, ...], Field(strict=False)]
    stop_roles: Annotated[
        tuple[Literal["author", "board", "releaser"], ...], Field(min_length=1, strict=False)
    ]
    retired_vouch: bool
