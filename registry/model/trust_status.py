"""How far an answer may be relied on, in a word. A module of its own: the service's supervisor needs the word alone."""

from typing import Literal

__all__ = ["TrustStatus"]

TrustStatus = Literal["trusted", "baseline", "degraded"]
"""Inside the trusted scope; the baseline answers; the model answers, and something is to be known about it."""
