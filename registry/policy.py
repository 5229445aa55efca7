"""The board's policy: which gates are required, with which margins. Versioned, and signed by its digest.

A policy may be stricter than the one that ships; what would switch a gate off is refused: a gate of the floor
that is not required, fewer than two approvals, a margin or a least number of rows outside the bounds below.
"""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from registry.digests import sha256_bytes
from registry.errors import PolicyError
from registry.monitoring.rules import MonitorRules

__all__ = ["BASELINE_FLOOR", "FLOOR", "Policy", "default_policy", "load_policy"]

FLOOR = ("contract", "explanation", "accuracy", "calibration", "fairness", "drift")
"""Gates that every policy must require of a model."""
BASELINE_FLOOR = ("contract", "calibration")
"""Gates that every policy must require of a package that is only a baseline."""

# A list in TOML is a tuple here; everything else must have its type as written: no text for a number.
Names = Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
Windows = Annotated[tuple[Annotated[int, Field(ge=7, le=90)], ...], Field(min_length=1, strict=False)]
Rows = Annotated[int, Field(ge=10, le=20_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Gates(_Strict):
    """Which gates are required of a model, and of a package that is only a baseline."""

    required: Names
    required_of_baseline: Names


class Scope(_Strict):
    """How sure of a gain a unit group and horizon must be to enter the trusted scope."""

    confidence: Annotated[float, Field(ge=0.5, lt=1)]


class Accuracy(_Strict):
    """Margins of the accuracy gate; `noninferiority_margin` and `least_gain` are shares of an error."""

    least_gain: Annotated[float, Field(ge=0, le=0.2)]
    noninferiority_margin: Annotated[float, Field(gt=0, le=0.2)]
    minimum_blocks: Annotated[int, Field(ge=8, le=30)]
    minimum_rows: Rows


class Calibration(_Strict):
    """Tolerances around the nominal 80 % of p10 to p90, up to 24 hours ahead and beyond."""

    tolerance_short: Annotated[float, Field(gt=0, le=0.15)]
    tolerance_long: Annotated[float, Field(gt=0, le=0.19)]
    minimum_rows: Rows


class Fairness(_Strict):
    """Margins of harm by group; `unknown_share`: of rows without the attribute; `power`: of judging a unit group."""

    attributes: Names
    minimum_rows: Rows
    unknown_share: Annotated[float, Field(gt=0, le=0.5)]
    margin_share_above: Annotated[float, Field(gt=0, le=0.1)]
    margin_log_error: Annotated[float, Field(gt=0, le=0.2)]
    margin_bed_bias: Annotated[float, Field(gt=0, le=0.1)]
    minimum_bed_rows: Rows
    power: Annotated[float, Field(ge=0.8, le=0.99)]
    resamples: Annotated[int, Field(ge=200, le=5000)]


class Drift(_Strict):
    """When inputs are another hospital's; `spread_floor`: least deviation of a day, a share of the mean."""

    windows_days: Windows
    effect: Annotated[float, Field(gt=0, le=3)]
    spread_floor: Annotated[float, Field(gt=0, le=0.1)]
    missing_effect: Annotated[float, Field(gt=0, le=0.5)]
    minimum_earlier_days: Annotated[int, Field(ge=60, le=730)]


class Explanation(_Strict):
    """Bounds of exactness."""

    additivity: Annotated[float, Field(gt=0, le=1e-4)]
    reference_difference: Annotated[float, Field(gt=0, le=1e-4)]
    adjustment_share: Annotated[float, Field(gt=0, le=0.5)]
    minimum_rows: Rows


class _Document(_Strict):
    version: Literal[1]
    name: Annotated[str, Field(min_length=1)]
    alpha: Annotated[float, Field(gt=0, le=0.1)]
    approvals: Annotated[int, Field(ge=2)]
    history_days: Annotated[int, Field(ge=180)]
    retention_days: Annotated[int, Field(ge=30)]
    gates: Gates
    scope: Scope
    accuracy: Accuracy
    calibration: Calibration
    fairness: Fairness
    drift: Drift
    explanation: Explanation
    monitor: MonitorRules | None = None  # a policy signed before there was one has the section that ships


@dataclass(frozen=True)
class Policy:
    """A policy that may be used; `digest` names its bytes."""

    content: bytes
    digest: str
    document: _Document

    @property
    def approvals(self) -> int:
        """How many board members must approve."""
        return self.document.approvals

    @property
    def monitor(self) -> MonitorRules:
        """What is followed after a release, by this policy or, where it says nothing, by the one that ships."""
        return self.document.monitor or _shipped_monitor()

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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(
            f"The policy is not TOML in UTF-8 ({error}): start from the one that ships."
        ) from None
    faults: list[str] = []
    document = None
    try:
        document = _Document.model_validate(raw)
    except ValidationError as error:
        faults += [
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}"
            for e in error.errors(include_url=False, include_input=False)
        ]
    gates = raw.get("gates")
    if isinstance(gates, dict):
        for name, floor in (("required", FLOOR), ("required_of_baseline", BASELINE_FLOOR)):
            faults += _floor_faults(f"gates.{name}", gates.get(name), floor)
    if document is None or faults:
        raise PolicyError(
            f"The policy may not be used: {'; '.join(faults)}. A board can make it stricter, not looser."
        )
    return Policy(content, sha256_bytes(content), document)


def _floor_faults(path: str, required: object, floor: tuple[str, ...]) -> list[str]:
    """The gates that are there today are the floor: none may be missing, and there is no other."""
    if not isinstance(required, list):
        return []
    missing = [gate for gate in floor if gate not in required]
    unknown = [str(gate) for gate in required if gate not in floor]
    faults = [f"{path}: it does not require {', '.join(missing)}"] if missing else []
    return faults + ([f"{path}: there is no gate {', '.join(unknown)}"] if unknown else [])


def _shipped_monitor() -> MonitorRules:
    found = default_policy().document.monitor
    assert found is not None
    return found


def default_policy() -> Policy:
    """The policy that ships with Vigie."""
    return load_policy(files("registry").joinpath("policies/default.toml").read_bytes())
