"""What the models know on real data; `make bench-real` keeps every figure."""

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.anchors.data_sets import data_set
from benchmarks.anchors.vigie import MODEL, SERVED, forecast_by_vigie
from benchmarks.forecasts.nhamcs import P90, evidence_of, pinball, read_survey
from benchmarks.forecasts.real_records import DIVI, GAINS, MAPPING, divi
from hospital.ingest.hospital_reader import read_hospital
from hospital.mapping.mapping_file import load_mapping
from registry.gates.accuracy import judge_accuracy
from registry.policy.board_policy import default_policy
from registry.statistics.scope import choose_scope
from registry.statistics.verdict import Verdict

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def folder() -> Path:
    """The folder of the real data sets."""
    found = os.environ.get("VIGIE_REAL_DATA")
    if not found:
        pytest.skip("VIGIE_REAL_DATA is not set: the real data sets are not on this machine")
    return Path(found)


def test_intensive_care_beds_beat_every_rule_with_honest_tails(folder: Path) -> None:
    """At every horizon of the judged year: better than rules learned up to its first day, and p10-p90 hold."""
    tables = read_hospital(folder / DIVI, load_mapping(MAPPING), b"test")
    found = {f.figure: f for f in divi(tables, 2024, targets=True)}
    least = {"1 d": 3.0, "3 d": 8.0, "7 d": 13.5, "14 d": 14.8}  # what was measured, less a little
    assert len(least) == len(GAINS)
    for name, gain in least.items():
        assert found[f"gain over the best of all baselines, {name}"].measured > gain
        for side in ("below p10", "above p90"):
            assert found[f"{side}, {name}"].met, found[f"{side}, {name}"]
        rule = next(f for f in found.values() if f.figure.startswith(f"CRPS, {name}, ") and "own" in f.figure)
        assert found[f"CRPS, {name}, Vigie"].measured < rule.measured


@pytest.mark.parametrize("year", [2021, 2023])
def test_what_a_year_gains_is_served_though_the_months_before_it_say_little(folder: Path, year: int) -> None:
    """Before August 2021 there are seven weeks to choose a scope on; before August 2023 three months that say nothing
    of a week ahead. In the year after, the model is 9 to 21 % better than the baseline at every horizon, and served."""
    found = forecast_by_vigie(data_set(f"divi-{year}"))
    served, model = found[SERVED], found[MODEL]
    for hours in (24.0, 72.0, 168.0, 336.0):
        mine = served.horizon_hours == hours
        error = [float(np.abs(one.outcome - one.p50)[mine].mean()) for one in (served, model)]
        assert error[0] < 1.01 * error[1], hours


def test_a_model_that_knows_nothing_is_blocked(folder: Path) -> None:
    """From a visit's own columns no wait can be forecast: the accuracy gate says so."""
    evidence, policy = evidence_of(read_survey(folder), recent_waits=False), default_policy()
    result = judge_accuracy(evidence, policy, choose_scope(evidence.validation, policy))
    assert result.verdict is Verdict.BLOCK
    error = np.abs(evidence.test.p50 - evidence.test.outcome).mean()
    assert error > 0.99 * np.abs(evidence.test.baselines["constant"] - evidence.test.outcome).mean()


def test_a_hospitals_recent_waits_tell_of_the_next(folder: Path) -> None:
    """With them the median is 1 % better than the hospital's own, and the 90th percentile a quarter better."""
    survey = read_survey(folder)
    alone, told = (evidence_of(survey, recent_waits=w).test for w in (False, True))
    error = np.abs(told.p50 - told.outcome).mean()
    assert error < 0.99 * np.abs(told.baselines["recent_median"] - told.outcome).mean()
    assert error < 0.87 * np.abs(told.baselines["constant"] - told.outcome).mean()
    tails = [pinball(j.quantiles[:, P90], j.outcome, 0.9) for j in (told, alone)]
    assert tails[0] < 0.75 * tails[1]
