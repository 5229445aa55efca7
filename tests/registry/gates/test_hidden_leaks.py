"""Leaks that hide: behind default values, in how times are written, in what is known together, in a part of rows."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.gates.leaks import judged_rows, prepared_waits
from hospital.arrays import Array
from hospital.dataset.entry_traces import defaults, entries_together, times_written
from registry.gates import GateResult, Verdict
from registry.gates.leakage import leakage_findings
from registry.policy.board_policy import default_policy
from tests.registry.gates.test_leakage import simulated
from tests.support.sound_facts import SOUND, waits, with_probed
from tests.support.synthetic_evidence import Hospital

__all__ = ["simulated"]

Visits = pd.DataFrame


def stopped(result: GateResult) -> dict[str, str]:
    """The findings that keep the gate shut: group by metric."""
    return {f.metric: f.group for f in result.findings if f.required and not f.verdict.opens}


def _minutes(visits: Visits) -> Array:
    return (visits["seen_at"] - visits["arrived_at"]).dt.total_seconds().to_numpy() / 60


def _chance(visits: Visits, share: float) -> Array:
    return np.random.default_rng(4).random(len(visits)) < share


def _age_of_nobody_asked(visits: Visits) -> Visits:
    late = (_minutes(visits) > 60) & _chance(visits, 0.3)
    return visits.assign(age_years=visits["age_years"].mask(late, 47))


def _age_zero_if_seen_at_once(visits: Visits) -> Visits:
    return visits.assign(
        age_years=visits["age_years"].mask((_minutes(visits) <= 40) & _chance(visits, 0.5), 0)
    )


def _age_99_if_seen_late(visits: Visits) -> Visits:
    return visits.assign(
        age_years=visits["age_years"].mask((_minutes(visits) > 90) & _chance(visits, 0.5), 99)
    )


def _arrival_typed_when_seen_late(visits: Visits) -> Visits:
    late = ~(_minutes(visits) <= 60)
    return visits.assign(arrived_at=visits["arrived_at"].mask(late, visits["arrived_at"].dt.floor("min")))


def _triage_typed_when_seen_late(visits: Visits) -> Visits:
    late = ~(_minutes(visits) <= 60)
    return visits.assign(triaged_at=visits["triaged_at"].mask(late, visits["triaged_at"].dt.ceil("min")))


def _one_of_two_where_seen_soon(visits: Visits) -> Visits:
    soon, one = _minutes(visits) <= 60, _chance(visits, 0.5)
    return visits.assign(
        spo2_percent=visits["spo2_percent"].where(one),
        pain_0_10=visits["pain_0_10"].fillna(3).where(one ^ soon),
    )


def _small_department(visits: Visits) -> Visits:
    small = np.random.default_rng(9).random(len(visits)) < 0.08
    log = np.nan_to_num(np.log(_minutes(visits) + 10) - 4)
    noise = np.random.default_rng(5).normal(0, 0.3, len(visits))
    told = np.clip(np.round(37 + 0.5 * log + noise, 1), 34, 42)
    return visits.assign(
        department=np.where(small, "KIDS", "ED"),
        temperature_celsius=visits["temperature_celsius"].mask(small, told),
    )


def _by_night(visits: Visits) -> Visits:
    night = visits["arrived_at"].dt.hour.isin([21, 22, 23, 0, 1, 2, 3, 4]).to_numpy()
    known = (_minutes(visits) <= 60) | _chance(visits, 0.3) | ~night
    return visits.assign(spo2_percent=visits["spo2_percent"].where(known))


def _mode_coded_after_a_long_wait(visits: Visits) -> Visits:
    late = (_minutes(visits) > 90) & _chance(visits, 0.5)
    return visits.assign(arrival_mode=visits["arrival_mode"].mask(late, "transfer"))


def _mode_that_nobody_asked_for_yet(visits: Visits) -> Visits:
    asked = (_minutes(visits) <= 60) | _chance(visits, 0.6)
    return visits.assign(arrival_mode=visits["arrival_mode"].where(asked, "other"))


def _mode_left_open_where_seen_soon(visits: Visits) -> Visits:
    soon = (_minutes(visits) <= 60) & _chance(visits, 0.4)
    return visits.assign(arrival_mode=visits["arrival_mode"].mask(soon, "other"))


def _even_pain_where_seen_late(visits: Visits) -> Visits:
    even = (visits["pain_0_10"] / 2).round() * 2
    return visits.assign(pain_0_10=visits["pain_0_10"].mask(_minutes(visits) > 60, even))


def _usual_saturation_where_seen_late(visits: Visits) -> Visits:
    late = (_minutes(visits) > 60) & _chance(visits, 0.5)
    return visits.assign(spo2_percent=visits["spo2_percent"].mask(late, 98))


def _pulse_from_ones_head_where_seen_late(visits: Visits) -> Visits:
    pulse = visits["heart_rate"]
    middle = pulse.median()
    usual = (middle + 0.3 * (pulse - middle)).round()
    return visits.assign(heart_rate=pulse.mask(_minutes(visits) > 60, usual))


def _pulse_further_off_where_seen_soon(visits: Visits) -> Visits:
    pulse = visits["heart_rate"]
    middle = pulse.median()
    wild = (middle + 1.8 * (pulse - middle)).round().clip(30, 220)
    return visits.assign(heart_rate=pulse.mask(_minutes(visits) < 40, wild))


@pytest.mark.parametrize(
    ("flaw", "metric", "group", "verdict"),
    [
        (_pulse_from_ones_head_where_seen_late, "excess_correlation_width", "heart_rate", Verdict.BLOCK),
        (_pulse_further_off_where_seen_soon, "excess_correlation_width", "heart_rate", Verdict.BLOCK),
        (_age_of_nobody_asked, "excess_correlation_default", "age_years", Verdict.BLOCK),
        (_age_zero_if_seen_at_once, "excess_correlation_default", "age_years", Verdict.BLOCK),
        (_age_99_if_seen_late, "excess_correlation_default", "age_years", Verdict.BLOCK),
        (
            _arrival_typed_when_seen_late,
            "excess_correlation_rounding",
            "minutes_since_arrival",
            Verdict.BLOCK,
        ),
        (_triage_typed_when_seen_late, "excess_correlation_rounding", "minutes_since_arrival", Verdict.BLOCK),
        (_one_of_two_where_seen_soon, "excess_correlation_together", "visits", Verdict.BLOCK),
        (_mode_coded_after_a_long_wait, "excess_correlation_others", "arrival_mode", Verdict.INCONCLUSIVE),
        (_mode_that_nobody_asked_for_yet, "excess_correlation_default", "arrival_mode", Verdict.BLOCK),
        (_mode_left_open_where_seen_soon, "excess_correlation_default", "arrival_mode", Verdict.BLOCK),
        (_even_pain_where_seen_late, "excess_correlation_scale", "pain_0_10", Verdict.BLOCK),
        (_usual_saturation_where_seen_late, "excess_correlation_scale", "spo2_percent", Verdict.BLOCK),
    ],
)
def test_what_hides_among_all_rows_is_found(
    simulated: dict[str, pd.DataFrame],
    flaw: Callable[[Visits], Visits],
    metric: str,
    group: str,
    verdict: Verdict,
) -> None:
    """A trace of entry that no correlation of a value, nor of its being known, shows."""
    result = judged_rows(*prepared_waits({**simulated, "visits": flaw(simulated["visits"])}))
    found = stopped(result)
    assert found.pop(metric) == group
    assert result.verdict is verdict
    assert set(found.values()) <= {group}


@pytest.mark.parametrize(
    ("flaw", "group"),
    [(_small_department, "temperature_celsius*department=KIDS"), (_by_night, "spo2_percent")],
)
def test_what_one_part_of_the_rows_gives_away_is_found_and_named(
    simulated: dict[str, pd.DataFrame], flaw: Callable[[Visits], Visits], group: str
) -> None:
    """A department of 8 % of the visits; where all rows show it already, it is said once."""
    result = judged_rows(*prepared_waits({**simulated, "visits": flaw(simulated["visits"])}))
    assert set(stopped(result).values()) == {group}


def _sent_at_night(visits: Visits, by: pd.Series) -> Visits:
    """Rows as they are sent on the third night, one after another in an order of the day's visits."""
    day = visits["arrived_at"].dt.normalize()
    place = by.groupby(day).rank(method="first").fillna(0)
    sent = day + pd.Timedelta(days=3, hours=5) + pd.to_timedelta(place, unit="ms")
    return visits.assign(received_at=sent.astype("datetime64[us, UTC]"))[
        ~(visits[["seen_at", "left_at", "bed_requested_at"]].max(axis=1) > sent)
    ]


@pytest.mark.parametrize("flaw", ["wait", "contact"])
def test_rows_that_are_sent_as_patients_were_seen_block(
    simulated: dict[str, pd.DataFrame], flaw: str
) -> None:
    """One batch a night, in which a row's place says how long its patient had waited."""
    visits = simulated["visits"]
    by = visits["seen_at"] - visits["arrived_at"] if flaw == "wait" else visits["seen_at"]
    sent = {**simulated, "visits": _sent_at_night(visits, by)}
    result = judged_rows(*prepared_waits(sent))
    assert result.verdict is Verdict.BLOCK
    assert stopped(result) == {"excess_correlation_order": "visits"}
    (found,) = [f for f in result.findings if f.metric == "excess_correlation_order"]
    assert found.note == "leak_order"
    assert (found.value or 0) > 0.15


@pytest.mark.parametrize("order", ["arrived_at", "triaged_at", "visit_id", "chance"])
def test_rows_that_are_sent_in_an_order_of_their_own_pass(
    simulated: dict[str, pd.DataFrame], order: str
) -> None:
    """A batch a night by arrival, by triage, by number, or in no order."""
    visits = simulated["visits"]
    chance = pd.Series(np.random.default_rng(6).random(len(visits)), index=visits.index)
    by = chance if order == "chance" else visits[order].rank() if order == "visit_id" else visits[order]
    sent = {**simulated, "visits": _sent_at_night(visits, by)}
    assert stopped(judged_rows(*prepared_waits(sent))) == {}


def test_neither_the_order_of_rows_nor_numbers_that_follow_the_wait_reach_a_feature(
    simulated: dict[str, pd.DataFrame],
) -> None:
    """Written as patients were seen, under numbers that grow with the wait: each feature is the same to the bit."""
    visits = simulated["visits"]
    wait = (visits["seen_at"] - visits["arrived_at"]).rank(method="first", na_option="bottom")
    other = visits.assign(visit_id=wait.map("N{:08.0f}".format)).sort_values("seen_at")
    first, again = (prepared_waits({**simulated, "visits": v})[1] for v in (visits, other))
    orders = [np.lexsort((p.samples.query.arrived_at, p.prediction_time)) for p in (first, again)]
    assert not np.array_equal(first.samples.query.row, again.samples.query.row)
    assert np.array_equal(first.X[orders[0]], again.X[orders[1]], equal_nan=True)


def _without_what_followed(visits: Visits) -> Visits:
    nothing = pd.Series(pd.NaT, index=visits.index, dtype="datetime64[us, UTC]")
    later = {"seen_at": nothing, "bed_requested_at": nothing, "left_at": nothing}
    return visits.assign(**later, disposition=None, destination_unit=None)


@pytest.mark.parametrize(
    ("flaw", "metric", "group"),
    [
        ("value", "excess_correlation_known", "spo2_percent"),
        ("triage", "excess_correlation_entry", "visits"),
    ],
)
def test_what_only_another_version_of_the_row_makes_known_blocks(
    simulated: dict[str, pd.DataFrame], flaw: str, metric: str, group: str
) -> None:
    """A version of the time of triage that was made where the contact came soon; a triage that the last one names."""
    visits = simulated["visits"]
    times = visits[["arrived_at", "triaged_at", "seen_at", "bed_requested_at", "left_at"]]
    last = visits.assign(received_at=times.max(axis=1).astype("datetime64[us, UTC]"))
    first = _without_what_followed(visits)
    if flaw == "value":
        known = (_minutes(visits) <= 60) | _chance(visits, 0.1)
        at = visits["triaged_at"].fillna(visits["arrived_at"])
        first = first.assign(spo2_percent=visits["spo2_percent"].where(known), received_at=at)
    else:
        first = first.assign(triage=None, triaged_at=first["seen_at"], received_at=visits["arrived_at"])
    both = pd.concat([first, last], ignore_index=True)
    result = judged_rows(*prepared_waits({**simulated, "visits": both}))
    assert result.verdict is Verdict.BLOCK
    assert stopped(result) == {metric: group}


def test_a_part_keeps_shut_by_what_it_shows_alone() -> None:
    """Wholly beyond the margin by its own interval: inconclusive; by the one corrected for all parts: a block; else no
    finding, since of hundreds of parts some go with the outcome by chance.
    """
    evidence, policy = waits(Hospital(visits=30), np.random.default_rng(5)), default_policy()
    assert SOUND.leakage is not None
    pain = SOUND.leakage.alignments[0]
    blocks = 0.16 + 0.05 * np.cos(np.arange(20))
    one = replace(pain, own=0.18, shifted=0.02, excess_correlation=blocks, part="night", parts=2)
    for spread, parts, verdict in (
        (1.0, 2, Verdict.BLOCK),
        (1.7, 4000, Verdict.INCONCLUSIVE),
        (6.0, 2, None),
    ):
        noisy = 0.16 + spread * (blocks - 0.16)
        facts = replace(SOUND.leakage, alignments=(pain, replace(one, parts=parts, excess_correlation=noisy)))
        found = [
            f
            for f in leakage_findings(with_probed(evidence, leakage=facts), policy)
            if f.group == "pain_0_10*night"
        ]
        assert [f.verdict for f in found] == ([] if verdict is None else [verdict])
        assert all(f.required and f.note == "leak" for f in found)


def test_what_is_known_by_age_or_way_of_arrival_passes(simulated: dict[str, pd.DataFrame]) -> None:
    """Saturation of the old, pain of those who can be asked, a column that one department records alone."""
    visits = simulated["visits"]
    children = visits["age_years"] < 16
    sound = visits.assign(
        department=np.where(children, "KIDS", "ED"),
        spo2_percent=visits["spo2_percent"].where(children),
        pain_0_10=visits["pain_0_10"].where(visits["arrival_mode"] != "ambulance"),
        arrived_at=visits["arrived_at"].mask(_chance(visits, 0.4), visits["arrived_at"].dt.floor("5min")),
    )
    assert stopped(judged_rows(*prepared_waits({**simulated, "visits": sound}))) == {}


def test_a_default_value_is_held_against_those_beside_it() -> None:
    """Three times as frequent as they are; where it is alone in its ten, against everybody; a small scale has none."""
    values = np.concatenate([np.arange(20.0, 80.0).repeat(20), np.full(300, 47.0), np.full(60, 99.0)])
    found = defaults(values)
    share = 320 / 500
    assert found[values == 47].mean() == pytest.approx(1 - share)
    assert found[values == 50].mean() == pytest.approx(-share)
    assert found[values == 99].mean() == 1.0
    assert not found[values == 30].any()
    assert not defaults(np.arange(20.0, 80.0).repeat(20)).any()
    assert np.isnan(defaults(np.arange(11.0).repeat(50))).all()


def test_times_are_written_in_steps_and_patterns_are_categories() -> None:
    """Five minutes, a minute, seconds; and of two columns one category each for both, either, none."""
    at = np.array([300, 360, 361], np.int64) * 1_000_000
    assert times_written(at).tolist() == [0.0, 1.0, 2.0]
    columns = {"a": np.array([1.0, np.nan, 1.0, np.nan]), "b": np.array([1.0, 1.0, np.nan, np.nan])}
    (pattern,) = entries_together(columns)
    assert pattern.categories
    assert np.unique(pattern.values).size == 4
    assert entries_together({"a": columns["a"], "b": np.ones(4)}) == []
