"""How far an answer may be relied on, in a word."""

from typing import Literal

__all__ = ["TrustStatus"]

TrustStatus = Literal["trusted", "baseline", "degraded"]
"""Inside the trusted scope; the baseline answers; the model answers, and something is to be known about it."""
