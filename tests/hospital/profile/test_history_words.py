"""What a history is too short for is said before anybody trains."""

from dataclasses import replace

import pytest

from hospital.profile.facts import ModelProfile
from hospital.profile.words import Words
from hospital.words.language import Language
from registry.policy.board_policy import default_policy

DAYS = default_policy().document.history_days
WAITS = ModelProfile("wait-time", (), DAYS - 0.5, (), baseline_first=False, season=False, features=())


@pytest.mark.parametrize(("language", "said"), [("fr", "Moins de 500 jours"), ("en", "Less than 500 days")])
def test_waits_of_less_than_the_policys_days_are_said_to_stay_inconclusive(
    language: Language, said: str
) -> None:
    """The days are those of the policy that ships; of beds, whose check knows no arrivals, nothing is said."""
    words = Words(language)
    assert DAYS == 500
    assert [line for line in words.model_lines(WAITS, []) if line.startswith(said)]
    for other in (
        replace(WAITS, history_days=float(DAYS)),
        replace(WAITS, model="bed-demand"),
        replace(WAITS, baseline_first=True),
    ):
        assert not [line for line in words.model_lines(other, []) if line.startswith(said)]
