"""The interval of a share of decisions: the one by which a release loses what people rightly overrule."""

from registry.record.overrides import wilson_interval

__all__ = ["wilson_interval"]
