"""Leakage and features of the contract: sound hospitals pass, and each flaw is found where it was put."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.gates.leaks import SHARE, judged_rows, judged_set, leaked, prepared_waits
from hospital.arrays import Array
from hospital.dataset.altered_history import hindsight_replaced, received_until, shuffled_after
from hospital.dataset.entry_traces import decimals, roundness
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.record.events import Events
from hospital.simulator import simulate, write
from hospital.times import HOUR
from registry.evidence.probe_records import FeatureFacts, LeakageFacts, Probed
from registry.evidence.records import Evidence
from registry.facts.leakage_probes import Prepared, leakage_facts, recomputed
from registry.gates import GateResult, Verdict
from registry.gates.contract import judge_contract
from registry.model.dataset import PreparedBeds, PreparedWaits, prepare_beds, prepare_waits
from registry.policy.board_policy import default_policy
from tests.support.plain_hospital import START, hospital_of
from tests.support.sound_facts import SOUND, waits, with_probed
from tests.support.synthetic_evidence import Hospital
from training.bed_baselines import bed_baselines

POLICY = default_policy()


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound wait-time model."""
    return waits(Hospital(visits=30), np.random.default_rng(5))


@pytest.fixture(scope="module")
def visits(hospital: HospitalTables) -> PreparedWaits:
    """The small hospital's visits."""
    return prepare_waits(events_of(hospital), hospital.audit_attributes, None)


@pytest.fixture(scope="module")
def wards(hospital: HospitalTables) -> PreparedBeds:
    """The small hospital's units."""
    return prepare_beds(events_of(hospital), hospital.covariates, (8.0, 24.0), None)


def stopped(result: GateResult) -> dict[str, str]:
    """The findings that are required and do not open: group by metric."""
    return {f.metric: f.group for f in result.findings if f.required and not f.verdict.opens}


def probed(prepared: Prepared, rules: Any, compute: Any = recomputed) -> LeakageFacts:
    """The exact probes alone."""
    return leakage_facts(rules, prepared, None, times=3, compute=compute)


def test_features_in_use_know_nothing_of_what_comes_later(visits: PreparedWaits, wards: PreparedBeds) -> None:
    """Bit for bit: with all later news gone, and with all of it shuffled."""
    for prepared in (visits, wards):
        facts = probed(prepared, None)
        assert facts.rows == 300
        assert (facts.dropped_off, facts.shuffled_off, facts.hindsight_off) == (0, 0, 0)


def _counts_ahead(events: Events, prepared: Prepared) -> Array:
    """Features of which the last counts what is received in the next hour."""
    X = recomputed(events, prepared).copy()
    known = np.sort(events.tables["visits"].known_from)
    at = prepared.prediction_time
    X[:, -1] = known.searchsorted(at + HOUR, "right") - known.searchsorted(at, "right")
    return X


def _means_ahead(events: Events, prepared: Prepared) -> Array:
    """Features of which the last is the mean arrival, in hours from now, of the next hundred news of visits."""
    X = recomputed(events, prepared).copy()
    told = events.tables["visits"]
    order = np.argsort(told.known_from, kind="stable")
    arrived = told.columns["arrived_at"][order]
    first = told.known_from[order].searchsorted(prepared.prediction_time, "right")
    hours = [
        (arrived[i : i + 100].mean() - t) / HOUR for i, t in zip(first, prepared.prediction_time, strict=True)
    ]
    X[:, -1] = np.float32(hours)
    return X


@pytest.mark.filterwarnings(
    "ignore:Mean of empty slice:RuntimeWarning", "ignore:invalid value:RuntimeWarning"
)
def test_a_feature_that_looks_ahead_is_found(visits: PreparedWaits) -> None:
    """One that counts later news when they are gone; one that reads their values when these are shuffled."""
    ahead = PreparedWaits(
        visits.events,
        visits.features,
        visits.samples,
        _counts_ahead(visits.events, visits),
        visits.outcome,
        visits.weight,
    )
    assert probed(ahead, None, _counts_ahead).dropped_off > 0
    read = replace(ahead, X=_means_ahead(visits.events, visits))
    facts = probed(read, None, _means_ahead)
    assert facts.dropped_off > 0
    assert facts.shuffled_off > 0


def test_hiding_takes_away_the_later_and_nothing_else(visits: PreparedWaits) -> None:
    """What was received is as it was; a row's last version then counts for ever; shuffling keeps who and when."""
    events, at = visits.events, int(np.median(visits.prediction_time))
    told, cut = events.tables["visits"], received_until(events, at).tables["visits"]
    assert cut.size == int((told.known_from <= at).sum()) > 0
    assert (cut.known_until > at).sum() == np.unique(cut.row).size
    other = shuffled_after(events, at, np.random.default_rng(1)).tables["visits"]
    assert np.array_equal(other.known_from, told.known_from)
    assert np.array_equal(other.columns["visit_id"], told.columns["visit_id"])
    changed = other.columns["arrived_at"] != told.columns["arrived_at"]
    assert changed[told.known_from > at].mean() > 0.9
    assert not changed[told.known_from <= at].any()


def test_hindsight_of_the_visit_itself_is_another_and_it_is_asked_the_same(visits: PreparedWaits) -> None:
    """All ends move on by a day or more, and prediction time and own values stay."""
    known = visits.part(~visits.samples.censored).part(np.arange(100))
    again = hindsight_replaced(visits.events, known.samples, np.random.default_rng(1))
    assert np.array_equal(again.row_id, known.samples.row_id)
    assert (again.outcome_minutes >= known.samples.outcome_minutes + 24 * 60 - 1).all()
    assert np.array_equal(again.query.prediction_time, known.samples.query.prediction_time)


def test_a_visit_that_is_asked_otherwise_for_what_followed_is_found(visits: PreparedWaits) -> None:
    """A value of its own that is not what the record had at triage counts."""
    known = visits.part(~visits.samples.censored)
    columns = {**known.samples.query.columns, "age_years": known.samples.query.columns["age_years"] + 1}
    other = replace(
        known, samples=replace(known.samples, query=replace(known.samples.query, columns=columns))
    )
    assert leakage_facts(None, other, None, times=3).hindsight_off == 300  # type: ignore[arg-type]


def test_the_outcome_in_a_vital_sign_blocks_and_names_it() -> None:
    """A fifth of the outcome in the temperature; the same hospital without it passes."""
    seed = 62  # the vital sign in turn is the temperature
    result = judged_set(seed, SHARE)
    assert result.verdict is Verdict.BLOCK
    assert stopped(result) == {"excess_correlation": "temperature_celsius"}
    assert judged_set(seed, 0.0).verdict is Verdict.PASS


def _minutes(visits: pd.DataFrame) -> Array:
    return (visits["seen_at"] - visits["arrived_at"]).dt.total_seconds().to_numpy() / 60


def _seen_soon(visits: pd.DataFrame, otherwise: float) -> Array:
    """Visits seen within the hour, and this share of the others."""
    chance = np.random.default_rng(4).random(len(visits))
    return (_minutes(visits) <= 60) | (chance < otherwise)


def _known_if_seen_soon(visits: pd.DataFrame) -> pd.DataFrame:
    return visits.assign(spo2_percent=visits["spo2_percent"].where(_seen_soon(visits, 0.1)))


def _missing_if_seen_soon(visits: pd.DataFrame) -> pd.DataFrame:
    return visits.assign(pain_0_10=visits["pain_0_10"].mask(_seen_soon(visits, 0.1)))


def _age_if_seen_soon(visits: pd.DataFrame) -> pd.DataFrame:
    return visits.assign(age_years=visits["age_years"].where(_seen_soon(visits, 0.3)))


def _triage_if_seen_soon(visits: pd.DataFrame) -> pd.DataFrame:
    return visits.assign(triage=visits["triage"].where(_seen_soon(visits, 0.5)))


def _department_if_seen_soon(visits: pd.DataFrame) -> pd.DataFrame:
    return visits.assign(department=visits["department"].where(_seen_soon(visits, 0.5)))


def _exact_if_seen_soon(visits: pd.DataFrame) -> pd.DataFrame:
    values = visits["temperature_celsius"]
    return visits.assign(temperature_celsius=values.where(_seen_soon(visits, 0.0), values.round()))


def _tens_if_seen_late(visits: pd.DataFrame) -> pd.DataFrame:
    rounded = visits["heart_rate"].where(_seen_soon(visits, 0.0), (visits["heart_rate"] / 10).round() * 10)
    return visits.assign(heart_rate=rounded)


def _known_of_middling_waits(visits: pd.DataFrame) -> pd.DataFrame:
    middling = (_minutes(visits) > 20) & (_minutes(visits) < 90)
    by_chance = np.random.default_rng(4).random(len(visits)) < 0.1
    return visits.assign(spo2_percent=visits["spo2_percent"].where(middling | by_chance))


def _triaged_when_seen(visits: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    called = visits["seen_at"] - pd.to_timedelta(rng.integers(5, 150, len(visits)), unit="s")
    then = np.maximum(called, visits["arrived_at"])
    late = (rng.random(len(visits)) < 0.4) & visits["seen_at"].notna()
    return visits.assign(triaged_at=visits["triaged_at"].mask(late, then))


def _refined_when_seen_soon(visits: pd.DataFrame) -> pd.DataFrame:
    third = visits["triage"].isin(["3A", "3B"])
    return visits.assign(triage=visits["triage"].mask(third & (_minutes(visits) > 60), "3"))


def _moved_when_seen_late(visits: pd.DataFrame) -> pd.DataFrame:
    return visits.assign(department=visits["department"].mask(_minutes(visits) > 100, "LONG"))


def _reason_if_seen_soon(visits: pd.DataFrame) -> pd.DataFrame:
    named = (_minutes(visits) <= 40) & (np.random.default_rng(4).random(len(visits)) < 0.5)
    return visits.assign(reason=visits["reason"].mask(named, "vertigo"))


def _sent_when_left(visits: pd.DataFrame) -> pd.DataFrame:
    times = visits[["arrived_at", "triaged_at", "seen_at", "bed_requested_at", "left_at"]]
    return visits.assign(received_at=times.max(axis=1))


@pytest.fixture(scope="module")
def simulated() -> dict[str, pd.DataFrame]:
    """A sound hospital's tables."""
    return dict(simulate(180, seed=80_001, scale=0.25))


@pytest.mark.parametrize(
    ("flaw", "found", "note"),
    [
        (_known_if_seen_soon, {"excess_correlation_known": "spo2_percent"}, "leak_known"),
        (_missing_if_seen_soon, {"excess_correlation_known": "pain_0_10"}, "leak_known"),
        (_age_if_seen_soon, {"excess_correlation_known": "age_years"}, "leak_known"),
        (_triage_if_seen_soon, {"excess_correlation_known": "triage"}, "leak_known"),
        (_exact_if_seen_soon, {"excess_correlation_digits": "temperature_celsius"}, "leak_digits"),
        (_tens_if_seen_late, {"excess_correlation_rounding": "heart_rate"}, "leak_rounding"),
        (_known_of_middling_waits, {"excess_correlation_spread": "spo2_percent"}, "leak_spread"),
        (_triaged_when_seen, {"excess_correlation_delay": "minutes_since_arrival"}, "leak_delay"),
        (_reason_if_seen_soon, {"excess_correlation": "reason"}, "leak_reason"),
        (_sent_when_left, {"excess_correlation_entry": "visits"}, "leak_entry"),
    ],
)
def test_what_only_those_write_who_see_the_patient_blocks_and_names_it(
    simulated: dict[str, pd.DataFrame],
    flaw: Callable[[pd.DataFrame], pd.DataFrame],
    found: dict[str, str],
    note: str,
) -> None:
    """Trees split on known or not, on decimals, on a word: none of these shows in the correlation of values."""
    result = judged_rows(*prepared_waits({**simulated, "visits": flaw(simulated["visits"])}))
    assert result.verdict is Verdict.BLOCK
    assert stopped(result) == found
    assert {f.note for f in result.findings if f.required and not f.verdict.opens} == {note}


def test_a_department_that_is_known_where_the_wait_was_short_blocks(
    simulated: dict[str, pd.DataFrame],
) -> None:
    """Waits are compared within departments, in which nobody without one is: known or not is asked among all."""
    visits = _department_if_seen_soon(simulated["visits"])
    result = judged_rows(*prepared_waits({**simulated, "visits": visits}))
    assert result.verdict is Verdict.BLOCK
    assert stopped(result)["excess_correlation_known"] == "department"
    assert "leak_known" in {f.note for f in result.findings if f.verdict is Verdict.BLOCK}


def test_a_department_that_is_lacking_by_chance_opens_as_before(simulated: dict[str, pd.DataFrame]) -> None:
    """A third of visits name none, whatever their wait: that is no leak."""
    visits = simulated["visits"]
    named = np.random.default_rng(7).random(len(visits)) < 2 / 3
    lacking = visits.assign(department=visits["department"].where(named))
    assert stopped(judged_rows(*prepared_waits({**simulated, "visits": lacking}))) == {}


@pytest.mark.parametrize(
    ("flaw", "label"), [(_refined_when_seen_soon, "triage"), (_moved_when_seen_late, "department")]
)
def test_a_label_that_is_coded_again_after_the_wait_opens_nothing(
    simulated: dict[str, pd.DataFrame], flaw: Callable[[pd.DataFrame], pd.DataFrame], label: str
) -> None:
    """A level may lengthen its own wait; that it goes with the waits of others around asks for a question."""
    result = judged_rows(*prepared_waits({**simulated, "visits": flaw(simulated["visits"])}))
    assert stopped(result) == {"excess_correlation_others": label}
    assert result.verdict is Verdict.INCONCLUSIVE
    assert {f.note for f in result.findings if f.required and not f.verdict.opens} == {"leak_others"}


@pytest.mark.parametrize(
    ("more", "expected"), [(3.0, {"excess_correlation_after": "ed_doctors"}), (-3.0, {})]
)
def test_staff_that_was_entered_after_the_shift_blocks(
    simulated: dict[str, pd.DataFrame], more: float, expected: dict[str, str]
) -> None:
    """More doctors on file where waits had been long; fewer there, and longer waits, are what staff is for."""
    visits, rota = simulated["visits"], simulated["staffing"]
    logs = pd.Series(np.log(_minutes(visits) + 10), index=visits["arrived_at"]).resample("4h").mean()
    doctors = rota["role"] == "doctor"
    shifts = (
        (logs - logs.mean()).reindex(pd.DatetimeIndex(rota["at"]), method="nearest").fillna(0.0).to_numpy()
    )
    count = (rota["count"] + np.round(more * shifts)).clip(lower=1).where(doctors, rota["count"])
    result = judged_rows(*prepared_waits({**simulated, "staffing": rota.assign(count=count)}))
    assert stopped(result) == expected


def _census_with_moves(ahead: int) -> HospitalTables:
    """Three wards' hourly census, with the admissions and discharges of a day that ends `ahead` hours later."""
    rng, days = np.random.default_rng(8), 150
    at = pd.Series(
        pd.date_range(START.tz_convert("UTC"), periods=days * 24, freq="h").astype("datetime64[us, UTC]")
    )
    hours, frames = np.arange(days * 24), []
    for unit, a_day in (("MED", 8), ("CHI", 6), ("GER", 5)):
        entered = np.sort(rng.uniform(-720, days * 24, round(a_day * (days + 30))))
        left = np.sort(entered + rng.gamma(2.0, 60.0, entered.size))

        def by(times: Array, hour: Array) -> Array:
            return np.searchsorted(times, hour, "right").astype(np.float64)

        columns = {
            "unit": unit,
            "at": at,
            "occupied": by(entered, hours) - by(left, hours),
            "admissions": by(entered, hours + ahead) - by(entered, hours + ahead - 24),
            "discharges": by(left, hours + ahead) - by(left, hours + ahead - 24),
            "received_at": at,
        }
        frames.append(pd.DataFrame(columns))
    wards = [frame["unit"].iloc[0] for frame in frames]
    units = pd.DataFrame({"unit": wards, "label": wards, "received_at": at.iloc[0]})
    return hospital_of({"census": pd.concat(frames, ignore_index=True), "units": units}, "hourly")


@pytest.mark.parametrize("ahead", [0, 24])
def test_counts_of_the_day_to_come_block(ahead: int) -> None:
    """A daily line of a census whose admissions and discharges are those of the day that begins."""
    prepared = prepare_beds(events_of(_census_with_moves(ahead)), (), (24.0,), None)
    result = judged_rows(bed_baselines(prepared), prepared)
    found = {
        f.group for f in result.findings if f.metric == "excess_correlation_after" and not f.verdict.opens
    }
    assert found == ({"admissions_24h", "discharges_24h"} if ahead else set())


@pytest.mark.parametrize(
    ("written_after", "expected"), [(0.0, {}), (0.6, {"expected_exactly": "expected_departures"})]
)
def test_expected_departures_that_were_written_afterwards_block(
    simulated: dict[str, pd.DataFrame], written_after: float, expected: dict[str, str], tmp_path: Path
) -> None:
    """The time of leaving in place of what was expected of it, with the hour at which that was said."""
    stays = simulated["stays"]
    known = stays["expected_left_at"].notna() & stays["left_at"].notna()
    some = known & (np.random.default_rng(4).random(len(stays)) < written_after)
    plans = stays["expected_left_at"].mask(some, stays["left_at"])
    write({**simulated, "stays": stays.assign(expected_left_at=plans)}, tmp_path)
    prepared = prepare_beds(events_of(read_hospital(tmp_path, None, b"benchmark")), (), (24.0,), None)
    assert stopped(judged_rows(bed_baselines(prepared), prepared)) == expected


def test_how_round_a_value_is_does_not_say_how_large_it_is() -> None:
    """Even numbers, fives and tens are rounder than those beside them; a scale of a few steps has no last digit."""
    values = np.arange(40.0, 141.0).repeat(20)
    found = roundness(values)
    assert abs(np.corrcoef(found, values)[0, 1]) < 0.05
    at = {v: found[values == v].mean() for v in (80, 81, 82, 85)}
    assert at[81] < at[82] < at[85] < at[80]
    assert np.isnan(roundness(np.arange(11.0).repeat(50))).all()
    assert np.isnan(roundness(np.array([np.nan] * 50))).all()


def test_what_is_missing_by_chance_and_what_follows_age_passes(simulated: dict[str, pd.DataFrame]) -> None:
    """Four of ten values lost whatever the wait; and an age that waits follow, as old people may wait longer."""
    visits = simulated["visits"]
    lost = np.random.default_rng(5).random(len(visits)) < 0.4
    older = np.clip(visits["age_years"] + np.nan_to_num(_minutes(visits)) / 6, 0, 120).astype("int64")
    other = visits.assign(spo2_percent=visits["spo2_percent"].mask(lost), age_years=older)
    result = judged_rows(*prepared_waits({**simulated, "visits": other}))
    assert result.verdict is Verdict.PASS
    (age,) = [f for f in result.findings if (f.metric, f.group) == ("excess_correlation", "age_years")]
    assert (age.required, age.note) == (False, "settled_before")


def test_decimals_are_those_that_were_written() -> None:
    """In double and in single precision; what is unknown has none."""
    written = np.array([37.0, 36.5, 36.45, 0.125, 101, np.nan, -0.3, 12.3456])
    expected = [0, 1, 2, 3, 0, np.nan, 1, 4]
    for values in (written, written.astype(np.float32)):
        assert np.array_equal(decimals(values.astype(np.float64)), expected, equal_nan=True)


def test_a_leak_is_the_size_that_its_formula_says() -> None:
    """x' = (1 - s) x + s y, standardised, with mean and deviation of x; what has no outcome stays."""
    rng = np.random.default_rng(2)
    x, y = rng.normal(36.8, 0.5, 50_000), rng.lognormal(3, 0.5, 50_000)
    y[:100] = np.nan
    mixed = leaked(x, y, SHARE)
    assert np.array_equal(mixed[:100], x[:100])
    assert mixed[100:].mean() == pytest.approx(36.8, abs=0.02)
    assert mixed[100:].std() == pytest.approx(0.5, abs=0.01)
    expected = SHARE / np.hypot(1 - SHARE, SHARE)
    assert np.corrcoef(mixed[100:], y[100:])[0, 1] == pytest.approx(expected, abs=0.02)
    assert np.array_equal(leaked(x, y, 0.0), x)


@pytest.mark.parametrize(
    ("fact", "metric"),
    [
        ("dropped_off", "later_rows_dropped"),
        ("shuffled_off", "later_rows_shuffled"),
        ("hindsight_off", "hindsight_changed"),
    ],
)
def test_one_row_that_knows_the_future_blocks(sound: Evidence, fact: str, metric: str) -> None:
    """Exact probes allow none."""
    one: dict[str, Any] = {fact: 1}
    assert SOUND.leakage is not None
    result = judge_contract(with_probed(sound, leakage=replace(SOUND.leakage, **one)), POLICY)
    assert result.verdict is Verdict.BLOCK
    assert stopped(result) == {metric: "all"}


def test_what_was_not_probed_opens_nothing(sound: Evidence) -> None:
    """Neither without any facts, nor with too few rows, nor with numbers that are none."""
    assert judge_contract(replace(sound, probed=Probed()), POLICY).verdict is Verdict.INCONCLUSIVE
    assert SOUND.leakage is not None
    few = replace(SOUND.leakage, rows=3)
    assert judge_contract(with_probed(sound, leakage=few), POLICY).verdict is Verdict.INCONCLUSIVE
    pain = SOUND.leakage.alignments[0]
    for excess_correlation in (np.full(20, np.nan), pain.excess_correlation[:3]):
        odd = replace(SOUND.leakage, alignments=(replace(pain, excess_correlation=excess_correlation),))
        result = judge_contract(with_probed(sound, leakage=odd), POLICY)
        assert result.verdict is Verdict.INCONCLUSIVE
        assert stopped(result) == {"excess_correlation": "pain_0_10"}


def test_a_lead_that_may_be_chance_is_inconclusive_and_one_by_right_is_reported(sound: Evidence) -> None:
    """Beyond the margin, the interval decides; what the policy says is settled before is correlated by right."""
    assert SOUND.leakage is not None
    pain, came = SOUND.leakage.alignments
    noisy = replace(pain, own=0.10, shifted=0.02, excess_correlation=0.08 + 0.3 * np.cos(np.arange(20)))
    facts = replace(SOUND.leakage, alignments=(noisy, came))
    result = judge_contract(with_probed(sound, leakage=facts), POLICY)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert stopped(result) == {"excess_correlation": "pain_0_10"}
    told = {f.group: f for f in result.findings if f.metric == "excess_correlation"}
    by_right = told["arrival_mode"]
    assert (by_right.required, by_right.verdict, by_right.note) == (False, Verdict.PASS, "settled_before")


@pytest.mark.parametrize(
    ("facts", "metric", "group"),
    [
        ({"undefined": ("pain_0_10",)}, "features_undefined", "pain_0_10"),
        ({"absent": ("heart_rate", "reason")}, "features_absent", "heart_rate, reason"),
        ({"executable": ("median.ubj",)}, "files_executable", "median.ubj"),
        ({"beyond": {"temperature_celsius": 0.97}}, "beyond_training", "temperature_celsius"),
    ],
)
def test_features_that_are_not_what_they_say_block(
    sound: Evidence, facts: dict[str, Any], metric: str, group: str
) -> None:
    """Another definition or unit, a feature that is gone, code in the package: each is named."""
    assert SOUND.features is not None
    result = judge_contract(with_probed(sound, features=replace(SOUND.features, **facts)), POLICY)
    assert result.verdict is Verdict.BLOCK
    assert stopped(result) == {metric: group}
    nothing = replace(sound, probed=replace(SOUND, features=None))
    assert stopped(judge_contract(nothing, POLICY)) == {"features": "all"}


def test_a_busy_month_is_no_other_unit(sound: Evidence) -> None:
    """A tenth of the values outside all that training saw passes, and is reported."""
    facts = FeatureFacts((), (), {"ed_waiting": 0.1, "age_years": 0.0}, (), 500)
    result = judge_contract(with_probed(sound, features=facts), POLICY)
    assert result.verdict is Verdict.PASS
    assert [f.group for f in result.findings if f.metric == "beyond_training"] == ["ed_waiting"]
