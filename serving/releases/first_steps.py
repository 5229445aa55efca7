"""What an installation still lacks until its first answer: history, keys, a token, a release of each model."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection, func, select

from registry.candidates.candidates import Candidate, candidates
from registry.candidates.standing_reviews import standing_reviews
from registry.errors import RegistryError
from registry.package.manifest import MODELS
from registry.policy.board_policy import Policy, default_policy
from registry.record.tables.record_tables import observations
from registry.record.tokens import list_tokens
from registry.settings import Settings
from registry.trust.policy_in_force import policy_in_force
from registry.trust.trust_store import FILE, load_trust
from registry.trust.trusted_people import Trust
from serving.releases.releases_in_use import State

__all__ = ["FirstSteps", "Step", "StoredFirstSteps", "UnknownFirstSteps"]


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        name: "history", "keys", "token", or a model.
        state: how far it is; "done" where nothing is left.
        command: what to run next, "" where nothing is left.
        version: of a model, "" without one.
        last: instant of the last reception.
        missing: roles, or "approvals", by how many.
    """

    name: str
    state: str
    command: str = ""
    version: str = ""
    last: int = 0
    missing: Mapping[str, int] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether nothing is left of it."""
        return self.state == "done"


class FirstSteps(Protocol):
    """Where the steps of an installation come from."""

    def steps(self, connection: Connection, states: Mapping[str, State]) -> tuple[Step, ...]:
        """Every step in its order, done or not; `states` of the models by name."""
        ...


class UnknownFirstSteps(FirstSteps):
    """Of a service without a home: it knows what is released, and what was received."""

    def steps(self, connection: Connection, states: Mapping[str, State]) -> tuple[Step, ...]:
        """History, and a release of each model."""
        models = (_released(m, s) or Step(m, "untrained", _train(m)) for m, s in states.items())
        return (_history(connection), *models)


class StoredFirstSteps(FirstSteps):
    """The steps of an installation, from its home and database."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def steps(self, connection: Connection, states: Mapping[str, State]) -> tuple[Step, ...]:
        """Every step."""
        try:
            trust = load_trust(self._settings.trust) if (self._settings.trust / FILE).exists() else None
            policy = policy_in_force(self._settings.trust)
            keys = _keys(trust, policy)
        except RegistryError:
            trust, policy = None, default_policy()
            keys = Step("keys", "broken")
        models = [
            _released(model, states.get(model, State())) or self._candidate(model, trust, policy)
            for model in MODELS
        ]
        return (_history(connection), keys, *models, _token(connection))

    def _candidate(self, model: str, trust: Trust | None, policy: Policy) -> Step:
        """How far the newest version is that a check did not stop; else the newest."""
        known = list(reversed(candidates(self._settings.candidates, model)))
        steps = [_progress(version, trust, policy) for version in known]
        going = (step for step in steps if step.state not in ("closed", "unsigned"))
        return next(going, steps[0] if steps else Step(model, "untrained", _train(model)))


def _history(connection: Connection) -> Step:
    o = observations.c
    events = o.kind.in_(("visits", "stays", "census"))
    last = connection.scalar(select(func.max(o.received_at)).where(events))
    command = "vigie import DIR --mapping FILE"
    return Step("history", "missing", command) if last is None else Step("history", "done", last=int(last))


def _keys(trust: Trust | None, policy: Policy) -> Step:
    present = Counter(role for k in (trust.keys if trust else ()) if not k.retired for role in k.roles)
    needed = {"author": 1, "board": policy.approvals, "releaser": 1}
    missing = {role: n - present[role] for role, n in needed.items() if present[role] < n}
    if not missing:
        return Step("keys", "done")
    command = f"vigie key trust NAME PUBLIC_KEY --role {next(iter(missing))}"
    return Step("keys", "missing", command, missing=missing)


def _token(connection: Connection) -> Step:
    tokens = list_tokens(connection)
    if any("application" in token.roles and token.revoked_at is None for token in tokens):
        return Step("token", "done")
    return Step("token", "missing", "vigie token create NAME --role application")


def _released(model: str, state: State) -> Step | None:
    """The step of a model with a release; None: it has none."""
    if state.loaded is not None:
        return Step(model, "done", version=state.loaded.version)
    return Step(model, "refused", f"vigie rollback {model} --key FILE") if state.fault else None


def _train(model: str) -> str:
    return f"vigie train {model} --data DIR --mapping FILE --key FILE"


def _progress(found: Candidate, trust: Trust | None, policy: Policy) -> Step:
    """How far a candidate is."""
    model, version = found.model, found.version
    check = Step(model, "unchecked", f"vigie check {model} {version}", version)
    try:
        if found.registration.get("signature") is None:
            return Step(model, "unsigned", _train(model), version)
        if not found.checked or found.digests()["policy_digest"] != policy.digest:
            return check
        if found.json("report.json").get("verdict") != "pass":
            return Step(model, "closed", f"vigie card {model} {version} --out card.html", version)
        standing = standing_reviews(found, trust) if trust else []
    except (RegistryError, KeyError, json.JSONDecodeError):
        return check
    missing = policy.approvals - sum(s.decision == "approve" for s in standing)
    if missing > 0:
        command = f"vigie review {model} {version} --approve --comment TEXT --key FILE"
        return Step(model, "unapproved", command, version, missing={"approvals": missing})
    return Step(model, "unreleased", f"vigie promote {model} {version} --key FILE", version)
