"""The dictionary of features: a line of each, true to how models are trained."""

import pytest

from hospital.contracts.column_faults import NAMES_OF_FEATURES
from hospital.features.bed_list import ALL_BED_FEATURES, COVARIATE_SUFFIX
from hospital.features.dictionary import Model, direction, entries, kind
from hospital.features.feature import GROUPS, Feature
from hospital.features.wait import WAIT_FEATURES
from training.monotone import WAIT_SIGNS

FEATURES: dict[Model, tuple[Feature, ...]] = {"bed-demand": ALL_BED_FEATURES, "wait-time": WAIT_FEATURES}


@pytest.mark.parametrize("model", ["bed-demand", "wait-time"])
def test_every_feature_has_a_line_in_both_languages(model: Model) -> None:
    """None is forgotten, and none has two labels that are one in both languages by neglect."""
    assert [f.name for f in FEATURES[model] if kind(f.name) is None] == []
    french, english = (entries(FEATURES[model], model, language) for language in ("fr", "en"))
    for a, b in zip(french, english, strict=True):
        assert a.label
        assert b.label
        assert a.group in GROUPS
        assert a.group_label != a.group.replace("_", " ")  # a name of the catalogue, not of the code
        assert (a.feature, a.group, a.unit, a.lever) == (b.feature, b.group, b.unit, b.lever)


def test_directions_are_those_by_which_waits_are_trained() -> None:
    """No more and no fewer; bed demand is trained without any."""
    wait = {f.name: direction(f.name, "wait-time") for f in WAIT_FEATURES}
    assert {name: sign for name, sign in wait.items() if sign} == dict(WAIT_SIGNS)
    assert {direction(f.name, "bed-demand") for f in ALL_BED_FEATURES} == {0}


def test_levers_are_what_people_decide_on() -> None:
    """Doctors, nurses, staffed beds and operations; nobody acts on who comes, on the calendar, or on a patient."""
    features = {f.name: f for f in (*ALL_BED_FEATURES, *WAIT_FEATURES)}
    levers = {e.feature for e in entries(tuple(features.values()), "wait-time", "fr") if e.lever}
    assert levers == {"ed_doctors", "ed_nurses", "staffed_now", "staffed_then", "planned_operations"}
    sensitive = {e.feature for e in entries(tuple(features.values()), "wait-time", "fr") if e.sensitive}
    persons = {f.name for f in features.values() if f.group == "patient"}
    assert sensitive == persons - {"department", "minutes_since_arrival"}


def test_a_variable_of_the_hospital_is_no_lever() -> None:
    """Vigie does not know what it is."""
    (line,) = entries((Feature("oxygen_change_7d", "covariate", "O2", "O2"),), "bed-demand", "en")
    assert (line.lever, line.sensitive, line.direction) == (False, False, 0)
    assert line.group_label == "Variables of the hospital"


def test_the_names_that_no_covariate_may_have_are_those_of_features() -> None:
    """A covariate's feature has its name and an ending; these would be features that there are already."""
    own = {
        f.name.removesuffix(COVARIATE_SUFFIX) for f in ALL_BED_FEATURES if f.name.endswith(COVARIATE_SUFFIX)
    }
    assert own | {"hospital"} == NAMES_OF_FEATURES  # "hospital_…" is of all units together
