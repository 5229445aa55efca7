"""The interval of a share of decisions: the one by which a release loses what people rightly overrule."""

from registry.decisions.share_interval import wilson_interval

__all__ = ["wilson_interval"]
