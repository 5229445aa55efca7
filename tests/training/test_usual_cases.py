"""What is usual: recomputed case by case, by code that shares nothing with what a package stores."""

import calendar
import datetime as dt
import io
from collections.abc import Callable
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.features.feature import Feature
from hospital.holidays.place import Place
from registry.components.linear_step import Median
from registry.components.situations import LEAST_CASES, SITUATIONS, situations
from registry.components.usual_cases import NO_COMPARISON, UsualCases
from registry.model.forecast_model import Rows
from training.usual_cases import usual_cases

PARIS = ZoneInfo("Europe/Paris")
FEATURES = (
    Feature("ed_waiting", "crowding", "Patients en attente", "Patients waiting"),
    Feature("age_years", "patient", "Âge", "Age", "years"),
    Feature("arrival_mode", "patient", "Mode d'arrivée", "Arrival", levels=("ambulance", "walk_in", "other")),
)


class _Trees:
    """Contributions that a hand can follow: each value less 10, unknown ones 0."""

    features, outputs = len(FEATURES), 1

    def contributions(self, X: Array) -> "_Found":
        return _Found(np.where(np.isnan(X), 0.0, X.astype(np.float64) - 10.0))


class _Found:
    base = 0.25

    def __init__(self, values: Array) -> None:
        self.values = values


def _moment(at: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(at / 1e6, PARIS)


def _holiday(day: dt.date) -> bool:
    """Public holidays of the years of this test, from the calendar of the state."""
    fixed = {(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)}
    moving = {
        dt.date(2023, 4, 10),
        dt.date(2023, 5, 18),
        dt.date(2023, 5, 29),
        dt.date(2024, 4, 1),
        dt.date(2024, 5, 9),
        dt.date(2024, 5, 20),
    }
    return (day.month, day.day) in fixed or day in moving


def _kind(when: dt.datetime) -> str:
    if _holiday(when.date()):
        return "sunday"
    return {calendar.SATURDAY: "saturday", calendar.SUNDAY: "sunday"}.get(when.weekday(), "weekday")


def _season(when: dt.datetime) -> str:
    return {12: "w", 1: "w", 2: "w", 3: "p", 4: "p", 5: "p", 6: "s", 7: "s", 8: "s"}.get(when.month, "a")


def _alike(one: dt.datetime, known: dict[str, Array], widening: int) -> Array:
    """Which of the known cases are compared with one moment: bool [n]."""
    hours = [one.hour] if widening == 0 else [(one.hour + step) % 24 for step in (-1, 0, 1)]
    mine = np.isin(known["hour"], hours)
    if widening < 2:
        mine &= known["season"] == _season(one)
    return mine if widening == 3 else mine & (known["kind"] == _kind(one))


def _rows(n: int, seed: int, cells: int = 2) -> tuple[Rows, Array]:
    """Made rows of a year and a half; the second cell has few, a fifth of the ages is unknown."""
    rng = np.random.default_rng(seed)
    start = int(dt.datetime(2023, 1, 1, tzinfo=PARIS).timestamp() * 1e6)
    at = start + rng.integers(0, 540 * 24 * 60, n) * 60_000_000
    X = np.stack([rng.integers(0, 40, n), rng.integers(0, 100, n), rng.integers(0, 3, n)], axis=1)
    X = X.astype(np.float32)
    X[rng.random(n) < 0.2, 1] = np.nan
    cell = (rng.random(n) < 0.03).astype(np.int64) * (cells - 1)
    one, none, zero = np.ones(n), np.zeros(n), np.zeros(n, np.int64)
    return Rows(X, cell, zero, none, one, none, none, zero, zero, one, one, situations(at, Place(PARIS))), at


def _made() -> tuple[UsualCases, Rows, Array]:
    rows, at = _rows(9_000, 1)
    return usual_cases(Median(_Trees(), None, FEATURES), [rows], 3), rows, at  # type: ignore[arg-type]


def test_value_and_usual_of_2000_answers_are_those_of_the_tables() -> None:
    """Widening, n, means, most frequent level and mean effect: of the cases themselves, found one by one."""
    cases, rows, at = _made()
    asked, when = _rows(2_000, 2)
    assert asked.situation is not None
    found = cases.typical(asked.cell, asked.situation)
    moments = [_moment(int(t)) for t in at]
    columns: dict[str, Callable[[dt.datetime], object]] = {
        "hour": lambda m: m.hour,
        "season": _season,
        "kind": _kind,
    }
    known = {name: np.array([of(m) for m in moments]) for name, of in columns.items()}
    seen: dict[tuple[int, int], tuple[int, Array]] = {}
    for i in range(2_000):
        key = (int(asked.cell[i]), int(asked.situation[i]))
        if key not in seen:
            one, mine = _moment(int(when[i])), np.zeros(at.size, bool)
            for widening in range(4):
                mine = (rows.cell == key[0]) & _alike(one, known, widening)
                if mine.sum() >= 30:
                    break
            else:
                widening = -1
            seen[key] = widening, mine
        widening, mine = seen[key]
        assert found.widening[i] == widening
        if widening < 0:
            assert found.cases[i] == 0
            assert np.isnan(found.values[i]).all()
            continue
        assert found.cases[i] == mine.sum() >= 30
        X = rows.X[mine].astype(np.float64)
        effects = np.where(np.isnan(X), 0.0, X - 10.0).mean(axis=0)
        assert found.contributions[i] == pytest.approx(effects, rel=1e-6, abs=1e-6)
        ages = X[~np.isnan(X[:, 1]), 1]
        usual = [
            X[:, 0].mean(),
            ages.mean() if ages.size >= 30 else np.nan,
            np.bincount(X[:, 2].astype(int)).argmax(),
        ]
        assert found.values[i] == pytest.approx(usual, rel=1e-6, nan_ok=True)
    assert {widening for widening, _ in seen.values()} == {0, 1, 2, 3, -1}


def test_no_stored_vector_is_of_a_few_patients() -> None:
    """Not even one that would only be added to others: a package is handed on, and holds nobody's values."""
    cases, _, _ = _made()
    assert cases.n.min() >= LEAST_CASES
    assert set(cases.place[2 * SITUATIONS :].tolist()) == {NO_COMPARISON}  # a cell without any case


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("cases_n", lambda a: a[:-1]),
        ("cases_n", lambda a: a * 0),
        ("cases_place", lambda a: a + 1),
        ("cases_place", lambda a: a.astype(np.float64)),
        ("cases_widening", lambda a: a + 4),
        ("cases_values", lambda a: a[:, :2]),
        ("cases_contributions", lambda a: a * np.float32(np.nan)),
    ],
)
def test_vectors_that_do_not_fit_are_refused(name: str, spoil: Callable[[Array], Array]) -> None:
    """What is read back is what was written, or nothing; a missing array is a missing key."""
    arrays = _made()[0].to_arrays()
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    with np.load(io.BytesIO(buffer.getvalue()), allow_pickle=False) as stored:
        back = UsualCases.from_arrays(stored, 3, len(FEATURES))
    assert back.values.tobytes() == arrays["cases_values"].tobytes()
    with pytest.raises(ValueError):
        UsualCases.from_arrays({**arrays, name: spoil(arrays[name])}, 3, len(FEATURES))
    del arrays[name]
    with pytest.raises(KeyError):
        UsualCases.from_arrays(arrays, 3, len(FEATURES))
