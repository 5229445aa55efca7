"""Features are exact counts of what was known, the same for one time and for a million, and blind to the future."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hospital.arrays import Array
from hospital.contracts.tables import TABLES, Kind
from hospital.dataset.samples import bed_samples, bed_times, compute_wait, wait_samples
from hospital.features.bed_query import BedQuery
from hospital.features.beds import BedFeatures, bed_features_of
from hospital.features.feature import with_levels
from hospital.features.reader_counts import contradictions, kinds_of_waiting, lay_over
from hospital.features.wait import WaitFeatures, WaitQuery
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import HospitalTables
from hospital.record.events import FOREVER, Events, Facts
from hospital.record.interval_counts import Counter, LastOnes, Own, Series, Spans, Together
from hospital.times import DAY, HOUR, MINUTE, MISSING_TIME
from registry.model.dataset import prepare_waits

TIME = st.integers(0, 40)


@given(st.lists(st.tuples(TIME, TIME, TIME, TIME), max_size=12), st.lists(TIME, min_size=1, max_size=8))
def test_a_counter_counts_the_spans_that_hold_and_are_known(
    spans: list[tuple[int, int, int, int]], times: list[int]
) -> None:
    """Brute force over spans cut to what was known agrees with binary search."""
    start, end, known, until = (np.array([s[i] for s in spans], np.int64) for i in range(4))
    facts = Facts({}, np.arange(len(spans), dtype=np.int64), known, until)
    counter: Counter = Spans.of(facts, start, end, start).counter()
    at = np.array(times, np.int64)
    holds = [[max(s, k) <= t < min(e, u) for s, e, k, u in spans] for t in times]
    assert counter.count(at).tolist() == [sum(row) for row in holds]
    assert counter.sum(at).tolist() == [
        sum(s[0] for s, h in zip(spans, row, strict=True) if h) for row in holds
    ]


@given(st.lists(st.tuples(TIME, TIME, TIME), max_size=12), st.lists(TIME, min_size=1, max_size=8))
def test_spans_without_weights_count_as_ones(spans: list[tuple[int, int, int]], times: list[int]) -> None:
    """What is kept of them is less, what is counted the same, of one's own row too."""
    start, end, row = (np.array([s[i] for s in spans], np.int64) for i in range(3))
    facts = Facts({}, row, np.zeros(start.size, np.int64), np.full(start.size, FOREVER))
    plain, ones = (Spans.of(facts, start, end, weight) for weight in (None, np.ones(start.size, np.int64)))
    assert plain.weight is None
    at = np.array(times, np.int64)
    assert plain.counter().sum(at).tolist() == ones.counter().sum(at).tolist()
    assert plain.counter().count(at).tolist() == ones.counter().sum(at).tolist()
    for found, wanted in zip(Own(plain).at(at, at), Own(ones).at(at, at), strict=True):
        assert (found.dtype, found.tolist()) == (wanted.dtype, wanted.tolist())


@given(
    st.lists(st.lists(st.tuples(TIME, TIME), max_size=12), min_size=1, max_size=3),
    st.lists(TIME, max_size=8),
    TIME,
)
def test_counters_asked_together_count_what_each_counts(
    spans: list[list[tuple[int, int]]], times: list[int], since: int
) -> None:
    """Times on a change and beside it, on both sides of the one from which a table answers."""
    counters = []
    for some in spans:
        start, end = (np.array([s[i] for s in some], np.int64) for i in range(2))
        always = np.zeros(start.size, np.int64), np.full(start.size, FOREVER)
        counters.append(Spans.of(Facts({}, np.arange(start.size), *always), start, end, start).counter())
    counts = [f for c in counters for f in (c.count, c.sum)]
    together = Together(counters, counts, since)
    for asked in (times, [t for t in times if t >= since]):
        at = np.array(asked, np.int64)
        found = together.at(at)
        assert (found.dtype, found.shape) == (np.dtype(np.int64), (len(counts), len(asked)))
        assert found.tolist() == [count(at).tolist() for count in counts]


@given(st.lists(st.tuples(TIME, TIME, TIME), max_size=30), st.lists(TIME, min_size=1, max_size=6))
@settings(max_examples=200)
def test_the_last_ones_are_the_newest_known_and_not_withdrawn(
    events: list[tuple[int, int, int]], times: list[int]
) -> None:
    """The last three values, newest first, skip what a revision withdrew and what is too old."""
    at, known, until = (np.array([e[i] for e in events], np.int64) for i in range(3))
    value = np.arange(len(events), dtype=np.float64)
    facts = Facts({}, np.arange(len(events), dtype=np.int64), known, until)
    found = LastOnes(facts, at, value, 15).last(np.array(times, np.int64), 3)
    for row, t in zip(found, times, strict=True):
        seen = [
            (max(a, k), a, i)
            for i, (a, k, u) in enumerate(events)
            if max(a, k) < u and max(a, k) <= t < u and max(a, k) > t - 15
        ]
        wanted = [float(i) for _, _, i in sorted(seen, reverse=True)][:3]
        assert row[~np.isnan(row)].tolist() == wanted


@given(
    st.lists(st.tuples(TIME, TIME, TIME), max_size=20),
    st.lists(st.tuples(TIME, TIME), min_size=1, max_size=6),
)
def test_a_series_gives_the_latest_value_known(
    told: list[tuple[int, int, int]], asked: list[tuple[int, int]]
) -> None:
    """The value of the latest moment not after the one asked for, as it was known then."""
    at, known, until = (np.array([t[i] for t in told], np.int64) for i in range(3))
    facts = Facts({}, np.arange(len(told), dtype=np.int64), known, until)
    value = np.arange(len(told), dtype=np.float64)
    series = Series(at, facts, value, max_age=10)
    found = series.value(np.array([a for a, _ in asked]), np.array([k for _, k in asked]))
    for got, (when, by) in zip(found, asked, strict=True):
        candidates = [(a, k, i) for i, (a, k, u) in enumerate(told) if a <= when and k <= by < u]
        best = max(candidates, default=None)
        if best is None or when - best[0] > 10:
            assert np.isnan(got)
        else:
            assert (told[int(got)][0], told[int(got)][1]) == best[:2]


def _bits(X: Array) -> bytes:
    return X.astype("<f4").tobytes()


def test_one_visit_at_a_time_gives_the_bits_of_all_at_once(hospital: HospitalTables) -> None:
    """Asked one by one, as a live request does, the features are those of the training matrix."""
    events = events_of(hospital)
    prepared = prepare_waits(events, (), None)
    computer = WaitFeatures(events)
    rng = np.random.default_rng(4)
    for i in rng.choice(prepared.prediction_time.size, 60, replace=False):
        mask = np.zeros(prepared.prediction_time.size, bool)
        mask[i] = True
        one = computer.compute(prepared.samples.part(mask).query, prepared.features)
        assert _bits(one) == _bits(prepared.X[mask])


def test_one_unit_and_hour_at_a_time_gives_the_bits_of_all_at_once(hospital: HospitalTables) -> None:
    """The same for bed demand, over every horizon."""
    events = events_of(hospital)
    features = with_levels(bed_features_of(events), {"unit": tuple(u.unit for u in events.units)})
    samples = bed_samples(events, features, (4.0, 24.0, 168.0), bed_times(events))
    computer = BedFeatures(events, features)
    rng = np.random.default_rng(5)
    for i in rng.choice(len(samples.X), 60, replace=False):
        mask = np.zeros(len(samples.X), bool)
        mask[i] = True
        assert _bits(computer.compute(samples.part(mask).query)) == _bits(samples.X[mask])


def _planted(tables: Mapping[str, Array], table: str, column: str, chosen: Array) -> dict[str, Array]:
    """A table with a column's chosen cells (bool [n]) changed to something else that the contract allows."""
    kind = TABLES[table].by_name[column].kind
    values = tables[column].copy()
    if kind is Kind.TIME:
        values[chosen] = np.where(
            values[chosen] == MISSING_TIME, tables["received_at"][chosen], values[chosen] - HOUR
        )
    elif kind in (Kind.NUMBER, Kind.INTEGER):
        values[chosen] = np.where(np.isnan(values[chosen]), 7.0, values[chosen] + 3.0)
    else:
        values[chosen] = ["planted" if v != "planted" else "other" for v in values[chosen]]
    return {**tables, column: values}


def _columns(hospital: HospitalTables) -> dict[str, dict[str, Array]]:
    from hospital.ingest.event_columns import columns_of

    return {name: columns_of(frame, name) for name, frame in hospital.tables.items()}


FUTURE = [
    (name, column.name)
    for name in ("visits", "stays", "operations", "staffing")
    for column in TABLES[name].columns
    if column.name not in TABLES[name].key
]


@pytest.mark.parametrize(("table", "column"), FUTURE)
def test_nothing_received_later_moves_a_feature(hospital: HospitalTables, table: str, column: str) -> None:
    """Any column of any row received after the prediction time may say anything: no feature hears of it."""
    columns, zone = _columns(hospital), ZoneInfo("Europe/Paris")
    before = Events.of(columns, zone=zone)
    cut = before.history_from + 60 * DAY
    later = columns[table]["received_at"] > cut
    assert later.any()
    changed = {**columns, table: _planted(columns[table], table, column, later)}
    after = Events.of(changed, zone=zone, history_from=before.history_from)
    assert not np.array_equal(changed[table][column], columns[table][column])
    levels = {"unit": tuple(u.unit for u in before.units)}
    features = with_levels(bed_features_of(before), levels)
    times = np.arange(cut - 5 * DAY, cut, 7 * HOUR)
    n = times.size * len(before.units)
    query = BedQuery(
        np.tile(np.arange(len(before.units)), times.size),
        np.repeat(times, len(before.units)),
        np.full(n, 24.0),
        np.full(n, np.nan),
    )
    assert _bits(BedFeatures(before, features).compute(query)) == _bits(
        BedFeatures(after, features).compute(query)
    )
    prepared = prepare_waits(before, (), None)
    near = (prepared.prediction_time <= cut) & (prepared.prediction_time > cut - 2 * DAY)
    waits = prepared.samples.part(near).query
    again = WaitFeatures(after).compute(waits, prepared.features)
    assert _bits(again) == _bits(prepared.X[near])


HINDSIGHT = [c.name for c in TABLES["visits"].columns if c.hindsight]


@pytest.mark.parametrize("column", HINDSIGHT)
def test_hindsight_of_the_visit_itself_moves_nothing(hospital: HospitalTables, column: str) -> None:
    """What becomes known of a visit after its triage is never read for its own forecast."""
    columns, zone = _columns(hospital), ZoneInfo("Europe/Paris")
    events = Events.of(columns, zone=zone)
    prepared = prepare_waits(events, (), None)
    rng, visits, moved = np.random.default_rng(6), columns["visits"], 0
    for i in rng.choice(prepared.prediction_time.size, 12, replace=False):
        mask = np.zeros(prepared.prediction_time.size, bool)
        mask[i] = True
        mine = prepared.samples.part(mask)
        own = (visits["visit_id"] == mine.row_id[0]) & (visits["received_at"] > mine.query.prediction_time[0])
        changed = {**columns, "visits": _planted(visits, "visits", column, own)}
        moved += int(own.sum())
        again = WaitFeatures(Events.of(changed, zone=zone, history_from=events.history_from))
        assert _bits(again.compute(mine.query, prepared.features)) == _bits(prepared.X[mask])
    assert moved > 12


def test_a_patient_does_not_count_among_those_waiting_before_them() -> None:
    """The queue that a patient meets is the others."""
    arrived = np.array([0, 5, 9], np.int64) * MINUTE + 1000 * DAY
    visits = {
        "visit_id": np.array(["a", "b", "c"], object),
        "department": np.array(["ED"] * 3, object),
        "arrived_at": arrived,
        "triaged_at": arrived + MINUTE,
        "seen_at": np.full(3, MISSING_TIME),
        "left_at": np.full(3, MISSING_TIME),
        "bed_requested_at": np.full(3, MISSING_TIME),
        "triage": np.array(["3A", "4", "2"], object),
        "received_at": arrived,
    }
    events = Events.of({"visits": visits}, zone=ZoneInfo("Europe/Paris"))
    prepared = prepare_waits(events, (), None)
    computer = WaitFeatures(events)
    texts = {n: np.full(1, None, object) for n in ("arrival_mode", "reason")}
    columns = {**texts, "department": np.array(["ED"], object), "triage": np.array(["4"], object)}
    query = WaitQuery(arrived[2:] + 2 * MINUTE, arrived[1:2], np.array([1]), columns, {})
    X = computer.compute(query, prepared.features)
    names = [f.name for f in prepared.features]
    assert X[0, names.index("ed_waiting")] == 2
    assert X[0, names.index("ed_waiting_ahead")] == 2
    assert X[0, names.index("ed_waiting_urgent")] == 2


def test_two_departments_have_queues_and_staff_of_their_own() -> None:
    """Whoever waits elsewhere, and a doctor elsewhere, does not count; a department that nobody named has no state."""
    arrived = np.array([0, 5, 9, 12], np.int64) * MINUTE + 1000 * DAY
    visits = {
        "visit_id": np.array(["a", "b", "c", "d"], object),
        "department": np.array(["ED", "ED-CHILD", "ED", "ED-CHILD"], object),
        "arrived_at": arrived,
        "triaged_at": arrived + MINUTE,
        "seen_at": np.array([MISSING_TIME, arrived[1] + 3 * MINUTE, MISSING_TIME, MISSING_TIME]),
        "left_at": np.full(4, MISSING_TIME),
        "bed_requested_at": np.full(4, MISSING_TIME),
        "triage": np.array(["4"] * 4, object),
        "received_at": arrived + 4 * MINUTE,
    }
    shift = np.full(2, 1000 * DAY - HOUR)
    staffing = {
        "at": shift,
        "unit": np.array(["ED", "ED-CHILD"], object),
        "role": np.array(["doctor"] * 2, object),
        "count": np.array([5.0, 2.0]),
        "known_at": shift,
        "received_at": shift,
    }
    events = Events.of({"visits": visits, "staffing": staffing}, zone=ZoneInfo("Europe/Paris"))
    prepared = prepare_waits(events, (), None)
    names = ("ED", "ED-CHILD", "NOWHERE")
    at = np.full(3, arrived[3] + 20 * MINUTE)
    texts = {n: np.full(3, None, object) for n in ("arrival_mode", "reason")}
    columns = {**texts, "department": np.array(names, object), "triage": np.array(["4"] * 3, object)}
    X = WaitFeatures(events).compute(WaitQuery(at, at, np.full(3, -1), columns, {}), prepared.features)
    found = {f.name: X[:, i].tolist() for i, f in enumerate(prepared.features)}
    assert found["ed_waiting"][:2] == [2, 1]
    assert found["ed_doctors"][:2] == [5, 2]
    assert found["waiting_per_doctor"][:2] == [pytest.approx(0.4), 0.5]
    assert found["last_wait_triage"][1] == 3
    assert np.isnan([found[n][2] for n in ("ed_waiting", "ed_doctors", "waiting_per_doctor")]).all()


def test_samples_of_waits_are_in_order_and_not_yet_seen(hospital: HospitalTables) -> None:
    """A visit is forecast once, at triage, before its wait ends; who left unseen is there, censored."""
    events = events_of(hospital)
    samples = wait_samples(events, ("sex",))
    assert (np.diff(samples.query.prediction_time) >= 0).all()
    assert len(set(samples.row_id)) == samples.row_id.size
    assert samples.censored.any()
    assert np.isnan(samples.outcome_minutes[samples.censored]).all()
    elapsed = (samples.query.prediction_time - samples.query.arrived_at) / MINUTE
    assert (samples.waited_minutes > elapsed).all()
    assert set(samples.audit) == {"sex"}
    X = compute_wait(events, samples, prepare_waits(events, (), None).features)
    assert not np.isinf(X).any()


def test_what_is_never_received_drops_its_features(hospital: HospitalTables) -> None:
    """A hospital without staff or vital signs gets a model without those features, and the list says so."""
    columns = _columns(hospital)
    columns.pop("staffing")
    columns["visits"]["heart_rate"] = np.full_like(columns["visits"]["heart_rate"], np.nan)
    names = {
        f.name for f in prepare_waits(Events.of(columns, zone=ZoneInfo("Europe/Paris")), (), None).features
    }
    assert not names & {"heart_rate", "ed_doctors", "waiting_per_doctor"}
    assert "ed_waiting" in names


def test_a_repeated_version_changes_nothing(hospital: HospitalTables) -> None:
    """Facts sent again in a later version keep the time at which they were first known."""
    events = events_of(hospital)
    facts = events.facts("visits", ("arrived_at",))
    assert facts.row.size == np.unique(events.tables["visits"].row).size
    assert (facts.known_until == FOREVER).all()


def test_a_triage_corrected_later_is_not_what_was_known_at_triage(hospital: HospitalTables) -> None:
    """A revision received after the prediction time changes neither the level nor the vital signs of the sample."""
    columns, zone = _columns(hospital), ZoneInfo("Europe/Paris")
    before = wait_samples(Events.of(columns, zone=zone))
    visits = columns["visits"]
    order = np.lexsort((visits["received_at"], visits["visit_id"].astype(str)))
    last = order[np.append(visits["visit_id"][order][1:] != visits["visit_id"][order][:-1], True)]
    early = (
        visits["received_at"] < visits["received_at"].max() - 2 * HOUR
    )  # the record's end stays where it was
    last = last[early[last]]
    later = {name: values[last].copy() for name, values in visits.items()}
    later["received_at"] = later["received_at"] + HOUR
    later["triage"] = np.array(["1" if t != "1" else "5" for t in later["triage"]], object)
    later["heart_rate"] = later["heart_rate"] + 50
    revised = {name: np.concatenate([visits[name], later[name]]) for name in visits}
    after = wait_samples(Events.of({**columns, "visits": revised}, zone=zone))
    assert np.array_equal(before.row_id, after.row_id)
    for name in ("triage", "heart_rate"):
        ours, theirs = before.query.columns[name], after.query.columns[name]
        assert all(a == b or (a != a and b != b) for a, b in zip(ours, theirs, strict=True))


def test_what_is_said_of_the_department_leaves_unknown_what_was_counted_with_it() -> None:
    """19 are said to wait beside 3 present: a contradiction; no urgent ones are known among them; of nobody none is."""
    names = (
        "ed_waiting",
        "ed_waiting_urgent",
        "ed_waiting_ahead",
        "ed_waiting_over_1h",
        "ed_waiting_over_2h",
    )
    state = {name: np.array([2.0, 2.0, 2.0]) for name in (*names, "ed_mean_wait_so_far", "ed_boarding")}
    state["ed_present"] = np.array([3.0, 3.0, 3.0])
    nothing = np.full(3, np.nan)
    said = {"ed_waiting": np.array([19.0, 2.0, np.nan]), "ed_boarding": nothing, "ed_doctors": nothing}
    state["ed_doctors"] = np.array([4.0, 4.0, 4.0])
    laid = lay_over(state, said)
    assert laid["ed_waiting"].tolist() == [19.0, 2.0, 2.0]
    for name in (*names[1:], "ed_mean_wait_so_far", "ed_present"):
        assert np.isnan(laid[name]).tolist() == [True, False, False], name
    assert laid["ed_boarding"].tolist() == [2.0, 2.0, 2.0]
    assert state["ed_present"].tolist() == [3.0, 3.0, 3.0]
    assert contradictions(state, said).tolist() == [True, False, False]
    beds = {**said, "ed_waiting": np.array([2.0, np.nan, np.nan]), "ed_boarding": np.array([2.0, 4.0, 3.0])}
    assert contradictions(state, beds).tolist() == [True, True, False]
    nobody = {"ed_waiting": np.array([0.0, 0.0, np.nan])}
    unknown = {
        **state,
        "ed_waiting_ahead": np.array([2.0, np.nan, 2.0]),
    }  # urgency of the second is not known
    laid = lay_over(unknown, nobody)
    for name in ("ed_waiting_urgent", "ed_waiting_over_1h", "ed_waiting_over_2h"):
        assert laid[name].tolist() == [0.0, 0.0, 2.0], name
    assert np.array_equal(laid["ed_waiting_ahead"], [0.0, np.nan, 2.0], equal_nan=True)
    for name in ("ed_mean_wait_so_far", "ed_present"):
        assert np.isnan(laid[name]).tolist() == [True, True, False], name
    # The first says what the record says already: nothing becomes unknown by it.
    assert np.isnan(lay_over(state, beds)["ed_present"]).tolist() == [False, True, True]


def test_levels_that_are_said_make_the_queue_s_urgency_known() -> None:
    """Of five who wait two are urgent, and four at least as urgent as a patient of level 4; how long they wait, and who
    is present, stays unknown. Who has no level is as urgent as nobody knows how many."""
    counts = {"2": 1.0, "3": 1.0, "4": 2.0, "5": 1.0}
    triage = np.array(["4", "2", None, "4"], object)
    kinds = kinds_of_waiting([counts, counts, counts, None], triage)
    assert np.array_equal(kinds["ed_waiting_urgent"], [2.0, 2.0, 2.0, np.nan], equal_nan=True)
    assert np.array_equal(kinds["ed_waiting_ahead"], [4.0, 1.0, np.nan, np.nan], equal_nan=True)
    names = ("ed_waiting", "ed_waiting_urgent", "ed_waiting_ahead", "ed_waiting_over_1h", "ed_present")
    state = {name: np.full(4, 9.0) for name in (*names, "ed_waiting_over_2h", "ed_mean_wait_so_far")}
    laid = lay_over(state, {"ed_waiting": np.full(4, 5.0), **kinds})
    assert np.array_equal(laid["ed_waiting_urgent"], [2.0, 2.0, 2.0, np.nan], equal_nan=True)
    assert np.array_equal(laid["ed_waiting_ahead"], [4.0, 1.0, np.nan, np.nan], equal_nan=True)
    for name in ("ed_waiting_over_1h", "ed_present"):
        assert np.isnan(laid[name]).all(), name
    (nobody,) = kinds_of_waiting([{}], np.array(["4"], object))["ed_waiting_urgent"]
    assert nobody == 0.0
