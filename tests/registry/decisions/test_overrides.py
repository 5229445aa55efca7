"""Decisions that stand against forecasts: which count, what they are counted under, and how often they were right."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select
from statsmodels.stats.proportion import proportion_confint

from registry.decisions.overrides import BOARDING, Override, StandingDecision, overrides, standing_decisions
from registry.decisions.share_interval import wilson_interval
from registry.errors import JournalError
from registry.record.database import opened_database, writing
from registry.record.tables.recommendation_tables import recommendation_acts, recommendations
from registry.record.tables.record_tables import journal

GROUPS = {"U1": "medicine", "U2": "surgery"}
SINCE = 1000
TITLE = {"fr": "Sorties connues", "en": "Discharges known"}
ANSWER = {"person": "Anne", "verdict": "overridden", "reason_code": "known_better", "reason_title": TITLE}
TRUSTED: dict[str, Any] = {"forecast": {"trust": {"status": "trusted"}}}
BASELINE: dict[str, Any] = {"forecast": {"trust": {"status": "baseline"}}}
BOTH: dict[str, Any] = {**ANSWER, "two_people": True}
SECOND = {"person": "Basile"}
Act = tuple[str, int, dict[str, Any]]


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A database without a recommendation."""
    with opened_database(database_url) as engine, writing(engine) as found:
        yield found


def _entered(connection: Connection, instants: Sequence[int]) -> list[int]:
    """Entries of the journal at these instants, by their numbers; of their chain nothing is asked here."""
    last = connection.execute(select(func.coalesce(func.max(journal.c.seq), 0))).scalar_one()
    numbers = range(last + 1, last + 1 + len(instants))
    words = dict.fromkeys(
        ("actor", "action", "subjects", "reason", "payload_digest", "previous", "digest"), ""
    )
    rows = [{"seq": seq, "at": at, **words} for seq, at in zip(numbers, instants, strict=True)]
    connection.execute(insert(journal), rows)
    return list(numbers)


def _keep(
    connection: Connection,
    name: str,
    *acts: Act,
    content: dict[str, Any] | None = None,
    entered: int = SINCE,
    **columns: object,
) -> None:
    """A recommendation for U1 that is closed, with what people did, each as it was entered in the journal."""
    own, *of_acts = _entered(connection, [entered, *(at for _, at, _ in acts)])
    row = {
        "recommendation_id": name,
        "place": "U1",
        "level": "tense",
        "proposed_at": SINCE,
        "decide_by": 10_000,
    }
    row |= {"content": json.dumps(content or TRUSTED), "seeded_for": None, "closed_at": 5, "journal_seq": own}
    connection.execute(insert(recommendations).values(**row | columns))
    for seq, (act, at, said) in zip(of_acts, acts, strict=True):
        values = {"act": act, "actor": "a", "at": at, "content": json.dumps(said), "journal_seq": seq}
        connection.execute(insert(recommendation_acts).values(recommendation_id=name, **values))


def _standing(connection: Connection) -> list[StandingDecision]:
    return list(standing_decisions(connection, GROUPS, SINCE))


def test_a_decision_is_read_as_it_was_given(connection: Connection) -> None:
    """Of which unit and group, when, against or not, for which reason, and its title of then."""
    _keep(connection, "r1", ("answered", 1200, ANSWER))
    _keep(connection, "r2", ("answered", 1300, {**ANSWER, "verdict": "accepted"}), place="U2")
    assert _standing(connection) == [
        StandingDecision("medicine", "U1", 1200, True, None, "known_better", TITLE),
        StandingDecision("surgery", "U2", 1300, False, None, "known_better", TITLE),
    ]


def test_what_was_forecast_is_counted_and_not_where_it_is_applied(connection: Connection) -> None:
    """A level of the hospital may call a protocol for a unit; boarding has a forecast and a row of its own."""
    boarding = {"forecast": None, "boarding": {"probability": 0.6}, "called_by": None}
    _keep(connection, "r1", ("answered", 1200, ANSWER), content={**TRUSTED, "called_by": None})
    _keep(connection, "r2", ("answered", 1210, ANSWER), content={**TRUSTED, "called_by": "U1"})
    _keep(connection, "r3", ("answered", 1220, ANSWER), content=boarding)
    _keep(connection, "r4", ("answered", 1230, ANSWER), content={**boarding, "boarding": None})
    assert [d.unit for d in _standing(connection)] == [
        "U1"
    ]  # nothing is taken from a group for what is not its own
    places = {**GROUPS, "*": "*", BOARDING: "*"}
    found = {(o.group, o.unit): (o.overruled, o.decided) for o in overrides(connection, places, SINCE, 0.95)}
    assert found == {("*", "*"): (1, 1), ("*", BOARDING): (1, 1), ("medicine", "U1"): (1, 1)}


@pytest.mark.parametrize(
    "columns",
    [
        {"seeded_for": "the operator"},
        {"closed_at": None},
        {"entered": SINCE - 1},
        {"place": "U9"},
        {"content": BASELINE},
        {"content": {"forecast": None}},
        {"content": {"level": "tense"}},
    ],
    ids=str,
)
def test_what_the_model_did_not_forecast_or_nobody_closed_is_no_decision_on_it(
    connection: Connection, columns: dict[str, Any]
) -> None:
    """Seeded, open, of before the release, of no unit of its own, answered by the baseline, or with no forecast."""
    _keep(connection, "r1", ("answered", 1200, ANSWER), **columns)
    assert _standing(connection) == []
    assert overrides(connection, GROUPS, SINCE, 0.95) == ()


@pytest.mark.parametrize(
    ("acts", "against", "at"),
    [
        ([("answered", 1200, ANSWER)], True, 1200),
        ([("answered", 1200, {**ANSWER, "verdict": "rejected"})], True, 1200),
        ([("answered", 1200, {**ANSWER, "verdict": "accepted"})], False, 1200),
        ([("answered", 1200, BOTH), ("signed", 1250, SECOND)], True, 1200),
        ([("answered", 1200, BOTH), ("declined", 1210, SECOND), ("answered", 1300, ANSWER)], True, 1300),
    ],
)
def test_the_last_answer_stands(connection: Connection, acts: list[Act], against: bool, at: int) -> None:
    """Signed where two people were asked for."""
    _keep(connection, "r1", *acts)
    (found,) = _standing(connection)
    assert (found.against, found.at) == (against, at)


@pytest.mark.parametrize(
    "acts",
    [
        [],
        [("opened", 1200, {"person": "Anne"})],
        [("expired", 9000, {})],
        [("answered", 1200, BOTH)],
        [("answered", 1200, BOTH), ("declined", 1210, SECOND)],
        # The second person signs what is answered now, and not what was answered before.
        [("answered", 1200, BOTH), ("declined", 1210, SECOND), ("answered", 1220, BOTH)],
    ],
)
def test_what_nobody_decided_or_the_second_person_did_not_sign_does_not_stand(
    connection: Connection, acts: list[Act]
) -> None:
    """Two people are two people: a signature is of one answer."""
    _keep(connection, "r1", *acts)
    assert _standing(connection) == []


@pytest.mark.parametrize(
    "acts",
    [
        [("signed", 1200, SECOND)],
        [("answered", 1200, ANSWER), ("answered", 1300, {**ANSWER, "verdict": "accepted"})],
        [("answered", 1200, BOTH), ("signed", 1250, {"person": "Anne"})],
        [("answered", 10_001, ANSWER)],
        [("answered", 1200, {**ANSWER, "person": " "})],
    ],
)
def test_acts_that_nobody_can_have_done_are_named(connection: Connection, acts: list[Act]) -> None:
    """A signature of nothing, a second answer, one's own signature, one given too late, one of nobody."""
    _keep(connection, "r1", *acts)
    with pytest.raises(JournalError, match="r1"):
        _standing(connection)


@pytest.mark.parametrize(
    ("acts", "right"),
    [
        ([], None),
        ([("outcome", 1300, {"right": True})], True),
        ([("outcome", 1300, {"right": False})], False),
        ([("measured", 1300, {"right": True})], True),
        ([("measured", 1300, {"right": False})], False),
        ([("outcome", 1300, {"right": False}), ("measured", 1400, {"right": True})], False),
        ([("measured", 1300, {"right": False}), ("outcome", 1400, {"right": True})], True),
        ([("outcome", 1300, {"right": True}), ("outcome", 1400, {"right": False})], False),
        ([("shown", 1300, {"right": True})], None),
    ],
)
def test_a_persons_word_on_the_outcome_stands_before_the_measured_one(
    connection: Connection, acts: list[Act], right: bool | None
) -> None:
    """Whichever came first; where neither is there the outcome is not known, and neither right nor wrong."""
    _keep(connection, "r1", ("answered", 1200, ANSWER), *acts)
    assert [d.right for d in _standing(connection)] == [right]


def test_more_decisions_than_one_statement_takes_are_all_read(connection: Connection) -> None:
    """A thousand in a release's life; each once."""
    own, of_acts = _entered(connection, [SINCE] * 1000), _entered(connection, range(1000))
    rows = [
        {
            "recommendation_id": f"r{n:04d}",
            "place": "U1",
            "level": "tense",
            "proposed_at": SINCE,
            "decide_by": 10_000,
        }
        | {"content": json.dumps(TRUSTED), "closed_at": 5, "journal_seq": own[n]}
        for n in range(1000)
    ]
    connection.execute(insert(recommendations), rows)
    acts = [
        {
            "recommendation_id": f"r{n:04d}",
            "act": "answered",
            "actor": "a",
            "at": n,
            "journal_seq": of_acts[n],
        }
        | {"content": json.dumps(ANSWER)}
        for n in range(1000)
    ]
    connection.execute(insert(recommendation_acts), acts)
    assert sorted(d.at for d in _standing(connection)) == list(range(1000))


def test_overrides_are_counted_by_unit_and_reason_beside_all_decisions_of_the_unit(
    connection: Connection,
) -> None:
    """Three overruled of five decided, two outcomes known, one of them right; another reason is a row of its own."""
    other = {**ANSWER, "reason_code": "other", "reason_title": {}}
    agreed = {"person": "Anne", "verdict": "accepted", "reason_code": "agreed"}
    newer = {"fr": "Sorties annoncées", "en": "Discharges announced"}
    _keep(
        connection,
        "r1",
        ("answered", 1400, {**ANSWER, "reason_title": newer}),
        ("outcome", 1500, {"right": True}),
    )
    _keep(connection, "r2", ("answered", 1300, ANSWER), ("outcome", 1500, {"right": False}))
    _keep(connection, "r3", ("answered", 1450, {**ANSWER, "reason_title": {}}))
    _keep(connection, "r4", ("answered", 1200, other))
    _keep(connection, "r5", ("answered", 1200, agreed))
    _keep(connection, "r6", ("answered", 1200, agreed), place="U2")
    low, high = proportion_confint(1, 2, alpha=0.1, method="wilson")
    found = overrides(connection, GROUPS, SINCE, 0.9)
    assert found == (
        Override(
            "medicine", "U1", "known_better", newer, 3, 5, 2, 1, pytest.approx(low), pytest.approx(high)
        ),
        Override("medicine", "U1", "other", {}, 1, 5, 0, 0, None, None),
    )


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
@pytest.mark.parametrize(
    ("successes", "trials"), [(0, 1), (1, 1), (0, 5), (0, 9), (3, 10), (10, 10), (1, 400)]
)
def test_the_interval_of_a_share_is_wilsons(successes: int, trials: int, level: float) -> None:
    """As statsmodels has it; never below nothing or above all."""
    found = wilson_interval(successes, trials, level)
    expected = proportion_confint(successes, trials, alpha=1 - level, method="wilson")
    assert found == pytest.approx(expected, abs=1e-12)
    assert 0.0 <= found[0] <= found[1] <= 1.0
    assert wilson_interval(successes, trials) == wilson_interval(successes, trials, 0.95)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (3, 2), (-1, 2)])
def test_no_trial_or_more_successes_than_trials_have_no_interval(successes: int, trials: int) -> None:
    """Rather than a share that nothing measured."""
    with pytest.raises(ValueError, match="At least one trial"):
        wilson_interval(successes, trials)
