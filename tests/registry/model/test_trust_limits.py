"""The warnings of a forecast: at most two, the worst first, none twice, and a status that knows of all of them."""

from dataclasses import replace

import pytest

from hospital.features.feature import Feature
from hospital.words.language import LANGUAGES, Language
from registry.model.trust_limits import trust_status, warnings_of, worst
from serving.forecasting.hospital.hospital_explanation_text import Relied
from serving.forecasting.unit_wording import warned
from serving.messages.forecast_parts import Trust

FEATURES = tuple(Feature(name, "flow", name.upper(), name.upper()) for name in "abc")


def test_the_worst_two_are_said_once_each() -> None:
    """In their order."""
    assert worst(["a", "a", "b", "c"]) == ("a", "b")
    assert worst([]) == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_four_warnings_the_first_two_are_said_and_all_count(language: Language) -> None:
    """Old observations first, then who answers; what is unknown before what is unlike anything."""
    everything = warnings_of(
        FEATURES, ["a"], ["b"], inside=False, stale=True, unheld=False, language=language
    )
    assert len(everything) == 2
    assert everything == (
        *warnings_of(FEATURES, [], [], inside=True, stale=True, unheld=False, language=language),
        *warnings_of(FEATURES, [], [], inside=False, stale=False, unheld=False, language=language),
    )
    inputs = warnings_of(FEATURES, ["a"], ["b"], inside=True, stale=False, unheld=False, language=language)
    assert ["B" in inputs[0], "A" in inputs[1]] == [True, True]
    assert trust_status(everything, inside=False, stale=True) == "degraded"
    outside = warnings_of(FEATURES, ["a"], ["b"], inside=False, stale=False, unheld=False, language=language)
    assert (
        trust_status(outside, inside=False, stale=False) == "degraded"
    )  # though one of its warnings is not said


def test_of_many_unknown_inputs_five_are_named_and_the_others_counted() -> None:
    """Nobody reads nineteen names; of six all are named, since "and 1 other" is no shorter."""
    features = tuple(Feature(f"f{i}", "flow", f"F{i}", f"F{i}") for i in range(19))
    missing = [f.name for f in features]
    (said,) = warnings_of(features, [], missing, inside=True, stale=False, unheld=False, language="en")
    assert said.endswith(": F0; F1; F2; F3; F4 and 14 others.")
    (few,) = warnings_of(features, [], missing[:6], inside=True, stale=False, unheld=False, language="fr")
    assert few.endswith(": F0\u00a0; F1\u00a0; F2\u00a0; F3\u00a0; F4\u00a0; F5.")


def test_a_department_that_is_not_known_comes_before_what_is_unknown_of_it() -> None:
    """Its name may be a slip: who is not shown the cause looks for twenty inputs."""
    features = (Feature("department", "patient", "Urgences", "Department", levels=("ED",)), *FEATURES)
    said = warnings_of(
        features, ["department"], ["a", "b"], inside=False, stale=False, unheld=False, language="en"
    )
    assert said[0].startswith("The model does not know this emergency department")
    assert said[1].startswith("Outside the trusted scope")


def test_what_is_worse_than_a_forecasts_own_warnings_stands_first() -> None:
    """A contradiction drives out the second; what is less stays away; nothing is said twice."""
    trust = Trust(status="degraded", warnings=("stale", "missing"))
    assert warned(trust, ("late",), first=("contradiction",))["warnings"] == ("contradiction", "stale")
    assert warned(trust, ("stale",))["warnings"] == ("stale", "missing")
    assert warned(Trust(status="trusted", warnings=()), ("late",)) == {
        "status": "degraded",
        "warnings": ("late",),
    }


def test_of_a_total_patients_in_no_sum_come_before_all_but_old_observations() -> None:
    """With everything wrong at once two sentences are said, and the status is degraded."""
    relied = Relied(5, 2, 0.4, 1, 1, 1, 2, 1, {"X": 3.0}, 0, 0, stale=True)
    said = relied.warnings("en")
    assert len(said) == 2
    assert said[0].startswith("The last observations")
    assert "X (3\u00a0patients)" in said[1]
    assert relied.degraded


def test_of_a_total_a_unit_whose_intervals_do_not_hold_is_counted() -> None:
    """One such unit of five and the total is degraded, in words of both languages; none and it is not."""
    relied = Relied(5, 0, 0.0, 0, 0, 1, 0, 0, {}, 0, 0, stale=False)
    assert relied.degraded
    assert relied.warnings("en")[0].startswith("The level of one of 5 units may have changed")
    assert replace(relied, unheld=2).warnings("fr")[0].startswith("Le niveau de 2 des 5 unités")
    assert replace(relied, unheld=5).warnings("fr")[0].startswith("Le niveau de toutes les unités")
    assert replace(relied, units=1).warnings("en")[0].startswith("The level of one of 1 units")
    sound = replace(relied, unheld=0)
    assert (sound.degraded, sound.warnings("en")) == (False, ())
