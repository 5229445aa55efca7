"""Evidence that cannot be judged: every misfit is said, of the part that it is in, and no verdict is given."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hospital.dataset.quantiles import LEVELS
from hospital.words.messages import Message
from registry.errors import RegistryError
from registry.evidence.records import Evidence, Scored
from registry.gates.completeness import require_complete
from tests.support.scored_rows import scored
from tests.support.sound_facts import waits
from tests.support.synthetic_evidence import Hospital

COLUMNS = (
    "row_id", "target_time", "horizon_hours", "unit_group", "site", "local_hour", "outcome", "censored", "waited",
    "weight",
)  # fmt: skip


def rows(n: int = 3) -> Scored:
    """Rows that fit together, with a baseline and an attribute."""
    return replace(
        scored([20.0] * n, [20.0] * n), baselines={"last": np.ones(n)}, audit={"sex": np.full(n, "F", object)}
    )


@pytest.fixture(scope="module")
def whole() -> Evidence:
    """Evidence that can be judged, beside a current release."""
    sound = waits(Hospital(visits=5), np.random.default_rng(1))
    return replace(
        sound,
        test=rows(),
        validation=rows(2),
        hospital=rows(4),
        current=np.zeros((3, len(LEVELS))),
        current_version="1",
        current_expected=True,
    )


def faults(evidence: Evidence) -> list[tuple[str, str]]:
    """The key of each fault, and the name or part that it gives; none where the evidence is complete."""
    try:
        require_complete(evidence)
    except RegistryError as error:
        found: Any = error.values["faults"]
        return [(f.key.removeprefix("registry.gates."), _said(f)) for f in found]
    return []


def _said(fault: Message) -> str:
    part = fault.values.get("part")
    of = part.key.rpartition(".")[2] if isinstance(part, Message) else ""
    return " ".join(filter(None, (of, str(fault.values.get("name", "")))))


def test_what_fits_together_is_judged(whole: Evidence) -> None:
    """With and without a current release and rows of the hospital total; a part without rows has no horizon."""
    assert faults(whole) == []
    assert faults(replace(whole, kind="baseline")) == []
    assert faults(replace(whole, current=None, current_expected=False, hospital=None)) == []
    assert faults(replace(whole, validation=rows(0))) == []


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_another_length_is_named(whole: Evidence, name: str) -> None:
    """In either part, and in the hospital total."""
    for part, said in (("test", "test"), ("validation", "validation"), ("hospital", "total")):
        fitting = getattr(whole, part)
        other: Any = {name: getattr(fitting, name)[:-1]}
        assert faults(replace(whole, **{part: replace(fitting, **other)})) == [("shape", f"{said} {name}")]


def test_a_baseline_and_an_attribute_of_another_length_are_named(whole: Evidence) -> None:
    """By what they are."""
    short = replace(whole.test, baselines={"last": np.ones(2)}, audit={"sex": np.full(2, "F", object)})
    assert faults(replace(whole, test=short)) == [
        ("shape", "test baseline last"),
        ("shape", "test attribute sex"),
    ]


def test_all_that_is_wrong_is_said_at_once(whole: Evidence) -> None:
    """Levels, baselines, horizons, the kind, and a current release of other rows."""
    test = replace(
        whole.test,
        quantiles=whole.test.quantiles[:, 1:],
        baselines={},
        horizon_hours=np.array([4.0, np.nan, 4.0]),
    )
    wrong = replace(whole, test=test, kind="wish", current=np.zeros((2, len(LEVELS))))
    assert faults(wrong) == [
        ("quantiles", "test"),
        ("no_baseline", "test"),
        ("horizon", "test"),
        ("no_kind", ""),
        ("other_rows", ""),
    ]


def test_a_current_release_that_the_chain_shows_must_be_there(whole: Evidence) -> None:
    """None where one is expected; one of fewer levels is not that of these rows."""
    assert faults(replace(whole, current=None)) == [("no_current", "")]
    assert faults(replace(whole, current=np.zeros((3, 5)))) == [("other_rows", "")]
    assert faults(replace(whole, current_expected=False)) == []
