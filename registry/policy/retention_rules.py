"""The policy's section on how long the record keeps what, in days; the terms are the hospital's own, within bounds."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["RetentionRules"]


class RetentionRules(BaseModel):
    """After how many days each kind is erased by ``vigie journal retain``; entries of the journal stay for ever.

    Attributes:
        decision_reasons_days: a decision's reason in a person's own words. A year: whoever asks why asks within it.
        predictions_days: predictions, what was decided on them, and their payloads. Three years, as evidence is kept.
        observations_days: rows whose every version was over so long ago. Five years: a version may be trained on them.
            At least 400, of which features, monitoring and a check need the most part.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    decision_reasons_days: Annotated[int, Field(ge=30, le=3660)] = 365
    predictions_days: Annotated[int, Field(ge=90, le=3660)] = 1095
    observations_days: Annotated[int, Field(ge=400, le=7320)] = 1825
