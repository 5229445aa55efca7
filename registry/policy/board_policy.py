"""The board's policy: which gates are required, with which margins. Versioned, and signed by its digest.

A policy may be stricter than the one that ships; what would switch a gate off is refused: a gate of the floor
that is not required, fewer than two approvals, a margin or a least number of rows outside the bounds below.
"""

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from pydantic import ValidationError

from hospital.words.messages import Foreign, Message, message
from registry.digests import sha256_bytes
from registry.errors import PolicyError
from registry.policy.board_rules import BoardRules
from registry.policy.monitor_rules import MonitorRules
from registry.policy.policy_sections import Document
from registry.policy.power_table import power_faults
from registry.policy.retention_rules import RetentionRules

__all__ = ["BASELINE_FLOOR", "FLOOR", "Policy", "default_policy", "load_policy"]

FLOOR = ("contract", "explanation", "accuracy", "calibration", "fairness", "drift", "efficiency")
"""Gates that every policy must require of a model."""
BASELINE_FLOOR = ("contract", "calibration")
"""Gates that every policy must require of a package that is only a baseline."""


@dataclass(frozen=True)
class Policy:
    """A policy that may be used; `digest` names its bytes."""

    content: bytes
    digest: str
    document: Document

    @property
    def approvals(self) -> int:
        """How many board members must approve."""
        return self.document.approvals

    @property
    def monitor(self) -> MonitorRules:
        """What is monitored after a release, by this policy or, where it says nothing, by the one that ships."""
        return self.document.monitor or _shipped_monitor()

    @property
    def retention(self) -> RetentionRules:
        """How long the record keeps what, by this policy or, where it says nothing, by the terms that ship."""
        return self.document.retention or RetentionRules()

    @property
    def board(self) -> BoardRules:
        """Who must sign what, by this policy or, where it says nothing, by the one that ships."""
        return self.document.board or _shipped_board()

    @property
    def required(self) -> tuple[str, ...]:
        """The gates that must open for a model."""
        return self.document.gates.required

    def required_of(self, kind: str) -> tuple[str, ...]:
        """The gates that must open for a package of this kind: "model" or "baseline"."""
        return self.document.gates.required_of_baseline if kind == "baseline" else self.required


def load_policy(content: bytes) -> Policy:
    """Reads a policy.

    Raises:
        PolicyError: everything that makes it one that may not be used.
    """
    try:
        raw = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PolicyError("registry.policy.not_toml", why=str(error)) from None
    faults: list[Message] = []
    document = None
    try:
        document = Document.model_validate(raw)
    except ValidationError as error:
        faults += [
            message("errors.at", path=".".join(map(str, e["loc"])), why=_constraint(e["msg"]))
            for e in error.errors(include_url=False, include_input=False)
        ]
    gates = raw.get("gates")
    if isinstance(gates, dict):
        for name, floor in (("required", FLOOR), ("required_of_baseline", BASELINE_FLOOR)):
            faults += _floor_faults(f"gates.{name}", gates.get(name), floor)
    if document is not None:
        faults += _fairness_faults(document)
    if document is None or faults:
        raise PolicyError("registry.policy.refused", faults=tuple(faults))
    return Policy(content, sha256_bytes(content), document)


def _constraint(said: str) -> Foreign:
    """What pydantic says of a value."""
    return Foreign(said, "commands", "constraints")


def _fairness_faults(document: Document) -> list[Message]:
    rules = document.fairness
    faults = power_faults(
        rules.power_table,
        rules.margins,
        rules.minimum_rows,
        design=rules.design,
        alpha=document.alpha,
        attempts=rules.attempts,
        power=rules.power,
    )
    for pair in rules.intersections:
        first, _, second = pair.partition("*")
        if first == second or not {first, second} <= set(rules.attributes):
            faults.append(message("registry.policy.intersection", pair=pair))
    known = {*rules.attributes, "unit_group", "site"}
    faults += [
        message("registry.policy.no_attribute", name=a) for a in rules.required_groups if a not in known
    ]
    if rules.minimum_rows_to_block > rules.minimum_rows:
        faults.append(message("registry.policy.rows_to_block"))
    return faults


def _floor_faults(path: str, required: object, floor: tuple[str, ...]) -> list[Message]:
    """The gates that are there today are the floor: none may be missing, and there is no other."""
    if not isinstance(required, list):
        return []
    missing = [gate for gate in floor if gate not in required]
    unknown = [str(gate) for gate in required if gate not in floor]
    names = {"not_required": missing, "no_gate": unknown}
    return [
        message(f"registry.policy.{key}", path=path, gates=", ".join(gates))
        for key, gates in names.items()
        if gates
    ]


def _shipped_monitor() -> MonitorRules:
    found = default_policy().document.monitor
    if found is None:
        raise PolicyError("registry.policy.no_monitoring")
    return found


def _shipped_board() -> BoardRules:
    found = default_policy().document.board
    if found is None:
        raise PolicyError("registry.policy.no_board")
    return found


def default_policy() -> Policy:
    """The policy that ships with Vigie."""
    return load_policy(files("registry.policy").joinpath("policies/default.toml").read_bytes())
