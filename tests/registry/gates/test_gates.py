"""All gates together: which of them judge a model and which a baseline, and what scope is left."""

from dataclasses import replace

import numpy as np
import pytest

from registry.errors import RegistryError
from registry.evidence.records import Evidence
from registry.gates import judge
from registry.gates.accuracy import judge_accuracy, judged_scope
from registry.gates.calibration import judge_calibration
from registry.policy.board_policy import default_policy
from registry.statistics.scope import choose_scope
from tests.support.sound_facts import waits
from tests.support.synthetic_evidence import Hospital

POLICY = default_policy()


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A small department's evidence."""
    return waits(Hospital(visits=10), np.random.default_rng(1))


def test_seven_gates_judge_a_model_within_what_the_test_set_left_of_its_scope(sound: Evidence) -> None:
    """The validation set chooses the scope, accuracy confirms it, and calibration is judged inside it."""
    results, scope = judge(sound, POLICY)
    names = ["contract", "explanation", "accuracy", "calibration", "fairness", "drift", "efficiency"]
    assert [result.name for result in results] == names
    chosen = choose_scope(sound.validation, POLICY)
    assert chosen == (("ED", 0.0),)
    assert results[2] == judge_accuracy(sound, POLICY, chosen)
    assert scope == judged_scope(results[2], chosen)
    assert results[3] == judge_calibration(sound, POLICY, scope)


def test_a_baseline_is_judged_by_its_contract_and_its_intervals_and_has_no_scope(sound: Evidence) -> None:
    """It learned nothing that could be unfair or drift."""
    results, scope = judge(replace(sound, kind="baseline"), POLICY)
    assert [result.name for result in results] == ["contract", "calibration"]
    assert scope == ()


def test_what_cannot_be_judged_is_not(sound: Evidence) -> None:
    """An error, and no verdict."""
    with pytest.raises(RegistryError):
        judge(replace(sound, kind="wish"), POLICY)
