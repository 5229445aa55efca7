"""The board's policy: which gates are required, with which margins. Versioned, and signed by its digest."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from registry.digests import sha256_bytes
from registry.errors import PolicyError

__all__ = ["FLOOR", "Policy", "default_policy", "load_policy"]

FLOOR = ("contract", "explanation", "accuracy", "calibration", "fairness", "drift")
"""Gates that every policy must require."""

Share = Annotated[float, Field(gt=0, lt=1)]
Rows = Annotated[int, Field(ge=10)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gates(_Strict):
    """Which gates are required."""

    required: tuple[str, ...]


class Scope(_Strict):
    """How the trusted scope is chosen."""

    confidence: Annotated[float, Field(ge=0.5, lt=1)]


class Accuracy(_Strict):
    """Margins of the accuracy gate; `noninferiority_margin` and `least_gain` are shares of an error."""

    least_gain: Annotated[float, Field(ge=0, le=0.2)]
    noninferiority_margin: Annotated[float, Field(gt=0, le=0.2)]
    minimum_blocks: Annotated[int, Field(ge=8)]
    minimum_rows: Rows


class Calibration(_Strict):
    """Tolerances around the nominal 80 % of p10 to p90."""

    tolerance_short: Annotated[float, Field(gt=0, le=0.15)]
    tolerance_long: Annotated[float, Field(gt=0, le=0.19)]
    minimum_rows: Rows


class Fairness(_Strict):
    """Margins of harm by group."""

    attributes: Annotated[tuple[str, ...], Field(min_length=1)]
    minimum_rows: Rows
    margin_share_above: Annotated[float, Field(gt=0, le=0.1)]
    margin_log_error: Annotated[float, Field(gt=0, le=0.2)]
    margin_bed_bias: Annotated[float, Field(gt=0, le=0.1)]
    minimum_bed_rows: Rows
    resamples: Annotated[int, Field(ge=200, le=5000)]


class Drift(_Strict):
    """When inputs are another hospital's."""

    windows_days: Annotated[tuple[Annotated[int, Field(ge=7, le=90)], ...], Field(min_length=1)]
    effect: Annotated[float, Field(gt=0, le=3)]
    missing_effect: Annotated[float, Field(gt=0, le=0.5)]
    minimum_earlier_days: Annotated[int, Field(ge=60)]


class Explanation(_Strict):
    """Bounds of exactness."""

    additivity: Annotated[float, Field(gt=0, le=1e-4)]
    reference_difference: Annotated[float, Field(gt=0, le=1e-4)]
    adjustment_share: Share
    minimum_rows: Rows


class _Document(_Strict):
    version: Literal[1]
    name: str
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
    def required(self) -> tuple[str, ...]:
        """The gates that must open."""
        return self.document.gates.required


def load_policy(content: bytes) -> Policy:
    """Reads a policy.

    Raises:
        PolicyError: everything that makes it one that may not be used.
    """
    try:
        document = _Document.model_validate(tomllib.loads(content.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"The policy is not TOML in UTF-8: {error}") from None
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}"
            for e in error.errors(include_url=False, include_input=False)
        ]
        raise PolicyError("The policy may not be used: " + "; ".join(faults) + ".") from None
    missing = [gate for gate in FLOOR if gate not in document.gates.required]
    unknown = [gate for gate in document.gates.required if gate not in FLOOR]
    if missing or unknown:
        said = [f"it does not require {', '.join(missing)}"] if missing else []
        said += [f"there is no gate {', '.join(unknown)}"] if unknown else []
        raise PolicyError(
            f"The policy may not be used: {' and '.join(said)}. A board can add to the floor, not remove."
        )
    return Policy(content, sha256_bytes(content), document)


def default_policy() -> Policy:
    """The policy that ships with Vigie."""
    return load_policy(files("registry").joinpath("policies/default.toml").read_bytes())
