"""Synthetic evidence with everything that a check probes beside the rows: as a sound candidate has it."""

from dataclasses import replace

import numpy as np

from registry.evidence.probe_records import (
    Alignment,
    EfficiencyFacts,
    EfficiencyFigures,
    FeatureFacts,
    LeakageFacts,
    Probed,
    ProxyFacts,
    ProxyGroup,
    StabilityFacts,
)
from registry.evidence.records import Evidence
from tests.support import synthetic_evidence
from tests.support.synthetic_evidence import Hospital

__all__ = ["SOUND", "beds", "waits", "with_probed"]

_FLAT = 0.01 + 0.002 * np.cos(np.arange(20))

SOUND = Probed(
    leakage=LeakageFacts(
        600,
        6,
        0,
        0,
        0,
        (
            Alignment("pain_0_10", 0.03, 0.02, 15_000, _FLAT),
            Alignment("arrival_mode", 0.14, 0.01, 15_000, 0.12 + _FLAT),
        ),
    ),
    features=FeatureFacts((), (), {"age_years": 0.0, "ed_waiting": 0.01}, (), 15_000),
    stability=StabilityFacts("", 500, 0.45 + _FLAT, 0.9 + _FLAT, {"crowding": 0.35 + _FLAT}),
    proxies=ProxyFacts(
        "",
        (
            ProxyGroup(
                "sex=F",
                2000,
                4000,
                20,
                0.5,
                0.01,
                {"age_years": 0.51, "ed_waiting": 0.52},
                {"age_years": 0.01, "ed_waiting": 0.01},
                {"age_years": 0.1, "ed_waiting": 0.9},
            ),
        ),
    ),
    efficiency=EfficiencyFacts(
        EfficiencyFigures(1_100_000, 0.0002 + 0.00001 * np.sin(np.arange(200.0)), 0.001, 0.1), None
    ),
)


def waits(hospital: Hospital, rng: np.random.Generator) -> Evidence:
    """Evidence of a wait-time model."""
    return replace(synthetic_evidence.waits(hospital, rng), probed=SOUND)


def beds(hospital: Hospital, rng: np.random.Generator, *, units: int = 10) -> Evidence:
    """Evidence of a bed-demand model."""
    return replace(synthetic_evidence.beds(hospital, rng, units=units), probed=SOUND)


def with_probed(evidence: Evidence, **facts: object) -> Evidence:
    """The same evidence with some of what was probed replaced."""
    return replace(evidence, probed=replace(evidence.probed, **facts))  # type: ignore[arg-type]
