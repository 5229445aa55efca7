"""The bodies about what is stored: observations that were added, decisions, the journal, versions."""

from datetime import datetime
from typing import Literal

from serving.messages.answer_bodies import Answer
from serving.messages.forecast_parts import Finite

__all__ = [
    "AddedObservations",
    "CandidateSummary",
    "Decision",
    "DecisionPage",
    "JournalEntry",
    "JournalPage",
    "Models",
    "OverrideCell",
    "OverruledGroup",
    "OverruledRule",
    "ReleaseOverrides",
    "ReleaseSummary",
    "ReleaseUnit",
    "ScopeCell",
    "TableCount",
    "UnknownUnitRows",
    "UnreadRoleRows",
]


class TableCount(Answer):
    """What became of the rows of one table."""

    new: int
    revised: int
    unchanged: int


class UnknownUnitRows(Answer):
    """Rows of a unit that neither a release nor the table of units knows: stored, and in no forecast.

    Attributes:
        patients: in it, or waiting for it, as these rows say; None where they say nothing of any.
    """

    unit: str
    rows: int
    patients: int | None


class UnreadRoleRows(Answer):
    """Rows of staffing with a role that is none of the contract's: stored, and nothing counts them."""

    role: str
    rows: int


class AddedObservations(Answer):
    """POST /v1/observations: what was stored, and what of it is in no forecast until its unit or role is another.

    Attributes:
        unknown_units: by their names.
        unread_roles: by their names; those that are read are bed, doctor, nurse and place.
    """

    received_at: datetime
    tables: dict[str, TableCount]
    unknown_units: tuple[UnknownUnitRows, ...]
    unread_roles: tuple[UnreadRoleRows, ...]


class Decision(Answer):
    """What a person decided on a prediction."""

    decision_id: str
    prediction_id: str
    decision: Literal["accept", "override", "reject"]
    reason: str
    value: Finite | None
    decided_by: str
    decided_at: datetime
    journal_entry: int


class DecisionPage(Answer):
    """GET /v1/decisions: `next` is the `after` of the following page; None: there is none yet."""

    decisions: tuple[Decision, ...]
    next: int | None


class JournalEntry(Answer):
    """One entry of the journal."""

    seq: int
    at: datetime
    actor: str
    action: str
    subjects: dict[str, str]
    reason: str
    payload_digest: str
    previous: str
    digest: str


class JournalPage(Answer):
    """GET /v1/journal: `next` is the `after` of the following page; None: there is none yet."""

    entries: tuple[JournalEntry, ...]
    next: int | None


class ScopeCell(Answer):
    """A unit group and horizon for which a release may speak."""

    unit_group: str
    horizon_hours: Finite


class ReleaseUnit(Answer):
    """A unit that a release can be asked for."""

    unit: str
    label: str
    group: str


class ReleaseSummary(Answer):
    """A release in use.

    Attributes:
        units, horizons_hours: what bed demand can be asked for; empty for wait time.
        departments, triage_levels: those that wait time was trained with; empty for bed demand.
        scope: where the model itself may speak; elsewhere the baseline answers.
    """

    name: str
    version: str
    digest: str
    sequence: int
    released_at: datetime
    units: tuple[ReleaseUnit, ...]
    horizons_hours: tuple[Finite, ...]
    departments: tuple[str, ...]
    triage_levels: tuple[str, ...]
    scope: tuple[ScopeCell, ...]
    card: str
    warning: str | None


class OverruledRule(Answer):
    """The board's rule by which a release loses a unit group in which people rightly overrule it.

    Attributes:
        decisions: with a known outcome, at least.
        share: that the interval of the share that was right must lie above.
        confidence: of the interval.
    """

    share: Finite
    decisions: int
    confidence: Finite


class OverruledGroup(Answer):
    """Decisions in a unit group since the release, as the board's rule counts them.

    Attributes:
        since: from when on: the release, or the day after the board acknowledged the group's alarm.
        overruled: of those decided, those against what was recommended.
        known, right: of those, with a known outcome, and proved right.
        low, high: interval of the share that was right (Wilson); None: no outcome is known.
        rightly: by the rule people rightly overrule it there: the next run of `vigie monitor` takes the group away.
        alarm: by which the release lost the group, until the board acknowledges it; None: it has it.
    """

    group: str
    since: datetime
    decided: int
    overruled: int
    known: int
    right: int
    low: Finite | None
    high: Finite | None
    rightly: bool
    alarm: str | None


class OverrideCell(Answer):
    """Decisions against what was recommended, of one unit for one reason: as `OverruledGroup`.

    Attributes:
        group, unit: ``*``: the hospital total; unit ``*boarding``: patients who wait in the emergency departments for a
            bed. The rule takes nothing from either.
        unit_name, reason_title: by language; the reason's empty: not known.
        decided: all decisions of the unit, whatever they were.
    """

    group: str
    unit: str
    unit_name: dict[str, str]
    reason_code: str
    reason_title: dict[str, str]
    overruled: int
    decided: int
    known: int
    right: int
    low: Finite | None
    high: Finite | None


class ReleaseOverrides(Answer):
    """GET /v1/models/{name}/overrides: what people decided against the release in use, beside its sealed card."""

    model: str
    version: str
    release: int
    since: datetime
    rule: OverruledRule
    groups: tuple[OverruledGroup, ...]
    reasons: tuple[OverrideCell, ...]


class CandidateSummary(Answer):
    """A registered version, for the board and data scientists.

    Attributes:
        verdict: of its last check; None: not checked.
        current: whether it is the version in use.
    """

    name: str
    version: str
    digest: str
    verdict: str | None
    current: bool
    card: str | None


class Models(Answer):
    """GET /v1/models: releases, those that cannot be served and why, and candidates for who may see them.

    Attributes:
        now: the service's time: a demo's runs on from the end of its data.
    """

    now: datetime
    released: tuple[ReleaseSummary, ...]
    unavailable: dict[str, str]
    candidates: tuple[CandidateSummary, ...] | None
