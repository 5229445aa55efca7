"""The model of admissions: fitted on the training set, calibrated later, exact, and blind to the days after."""

import json
from typing import Any

import numpy as np
import pytest

from hospital.admissions.inputs import INPUTS, input_classes
from hospital.admissions.snapshots import snapshots_of
from hospital.record.events import Events, columns_from_rows
from registry.components.admission_model import AdmissionModel
from tests.support.admission_visits import SHARES, SPLIT, ZONE, learned, visits
from training.tension.admission_fit import learn_admissions


def test_it_is_as_probable_as_it_happens_and_its_log_odds_add_up() -> None:
    """By triage level; the base with an average patient, and each contribution beside it."""
    model, events, content = learned(visits())
    found = snapshots_of(events, *SPLIT.spans["calibration"])
    classes = input_classes(found.columns, found.time, ZONE, found.filled)
    p, contributions = model.probability(classes), model.contributions(classes)
    assert np.log(p / (1 - p)) == pytest.approx(model.base + contributions.sum(axis=1), abs=1e-12)
    for triage, share in SHARES.items():
        assert p[classes["triage"] == triage].mean() == pytest.approx(share, abs=0.1)
    assert p.mean() == pytest.approx(found.admitted.mean(), abs=0.01)
    assert contributions.mean(axis=0)[INPUTS.index("triage")] == pytest.approx(0.0, abs=0.02)
    assert set(model.effects["reason"]) == {"pain", "other"}
    assert model.shares("45") == {"MED": 1.0}
    assert model.to_json() == json.loads(content)


def test_nothing_of_validation_and_test_set_is_in_it() -> None:
    """The same bytes, however those days ended."""
    assert learned(visits())[2] == learned(visits(after="admitted"))[2]


def test_what_training_has_not_seen_adds_nothing() -> None:
    """A level that is new counts as usual, and a reason that is new as the others."""
    model, _, _ = learned(visits())
    named = {name: np.array(["unheard of"], object) for name in INPUTS}
    added = dict(zip(INPUTS, model.contributions(named)[0].tolist(), strict=True))
    assert added.pop("reason") == model.effects["reason"]["other"]
    assert set(added.values()) == {0.0}


@pytest.mark.parametrize("lack", ["left_at", "disposition"])
def test_visits_that_do_not_say_how_they_end_make_no_model(lack: str) -> None:
    """Nothing is packaged: rates, or nothing, answer."""
    rows = [{k: v for k, v in row.items() if k not in (lack, "destination_unit")} for row in visits()]
    events = Events.of({"visits": columns_from_rows("visits", rows)}, zone=ZONE, history_from=0)
    assert learn_admissions(events, SPLIT) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"base": float("nan")},
        {"effects": {}},
        {"usual": {"0": 0.2}},
        {"units": {"": {"MED": 1.5}}},
    ],
)
def test_a_file_that_is_none_is_refused(change: dict[str, Any]) -> None:
    """Before it answers anybody."""
    body = {**learned(visits())[0].to_json(), **change}
    with pytest.raises((ValueError, KeyError)):
        AdmissionModel.from_json(body)
