"""One table of columns, two validators: both accept and refuse the same rows, at the same places."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hospital.contracts.file_schemas import Clock, check
from hospital.contracts.request_models import validate_rows
from hospital.contracts.tables import TABLES, Column, Kind, Table
from hospital.errors import ContractError
from hospital.times import instant

RECEIVED = datetime(2024, 11, 3, 12, 0, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
AUDIT, COVARIATES = ("sex", "language"), ("flu_cases",)
ABSENT = object()

Row = dict[str, Any]
Place = tuple[int, str]

ZONE_CASES = {
    "utc": "2024-11-03T08:00:00Z",
    "offset": "2024-11-03T09:00:00+01:00",
    "repeated_first": "2024-10-27T02:30:00+02:00",
    "repeated_second": "2024-10-27T02:30:00+01:00",
    "naive": "2024-11-03T09:00:00",
    "naive_repeated": "2024-10-27T02:30:00",
    "naive_nonexistent": "2024-03-31T02:30:00",
}
TEXT_FAULTS: tuple[Any, ...] = (
    "",
    "   ",
    "x" * 130,
    "a\nb",
    "a\x7fb",
    "a\ud800b",
    7,
    1.5,
    True,
    ["a"],
    {"a": "b"},
)
NUMBER_FAULTS: tuple[Any, ...] = (
    "12",
    "",
    True,
    float("nan"),
    float("inf"),
    -float("inf"),
    10**400,
    [1],
    {"a": 1},
    -1e9,
    1e9,
)
TIME_FAULTS: tuple[Any, ...] = (
    "",
    "soon",
    "2024-02-30T10:00Z",
    1_700_000_000,
    True,
    ["2024"],
    {},
    "9999-12-31T00:00:00Z",
)


class Tally:
    """What the generated rows were, to know that the test tested something."""

    def __init__(self) -> None:
        self.rows: Counter[bool] = Counter()
        self.columns: Counter[tuple[str, str, str]] = Counter()
        self.codes: Counter[tuple[str, str, str]] = Counter()
        self.zones: Counter[tuple[str, bool]] = Counter()


def _rows(contract: Table) -> st.SearchStrategy[list[Row]]:
    """Rows as JSON could bring them: each from a seed (uniform, quick), a few cells anything JSON has.

    Many together, as a table of any length takes the validator of files nearly the same time.
    """
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70)
    anything = (
        scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text(max_size=3), scalars, max_size=2)
    )
    names = st.sampled_from([c.name for c in contract.columns])
    wild = st.lists(st.tuples(st.integers(0, 35), names, anything), max_size=12)
    seeds = st.lists(st.integers(0, 2**32 - 1), min_size=120, max_size=180, unique=True)
    return st.builds(partial(_with_wild, contract), seeds, wild)


def _with_wild(contract: Table, seeds: list[int], wild: list[tuple[int, str, Any]]) -> list[Row]:
    rows = [_row(contract, Random(seed)) for seed in seeds]  # noqa: S311
    for number, name, value in wild:
        column = contract.by_name[name]
        # A file's cell cannot tell a text that is NaN from a missing one; JSON has no NaN.
        if value != value and column.kind not in (Kind.NUMBER, Kind.INTEGER):
            continue
        rows[number][name] = value
    return rows


def _row(contract: Table, rng: Random) -> Row:
    """A whole row, or in two of three one with up to three faults."""
    shuffled = rng.random() < 0.15
    names = [c.name for c in contract.columns]
    faulty = set(rng.choices(names, k=rng.randint(1, 3))) if rng.random() < 0.65 else set()
    # The order of times is right in most rows, so that one fault can be seen alone.
    minutes = sorted(rng.randint(-3000, -10) for _ in names)
    row: Row = {}
    for number, column in enumerate(contract.columns):
        at = rng.randint(-3000, 7) if shuffled else minutes[number]
        value = _fault_of(column, rng) if column.name in faulty else _value(column, at, rng)
        if value is not ABSENT:
            row[column.name] = value
    if contract.extra and rng.random() < 0.5:
        row[contract.extra] = _extras(contract.extra, rng)
    if rng.random() < 0.03:
        row["colour"] = rng.choice(["blue", 3, None])
    return row


def _value(column: Column, minutes: int, rng: Random) -> Any:
    """A value that the column takes by itself, or none where it may be missing."""
    if not column.required and rng.random() < 0.3:
        return rng.choice([None, ABSENT])
    if column.kind is Kind.TIME:
        zone = rng.choice(["Z", "+02:00", "-03:30"])
        return (
            "2031-01-01T00:00:00Z" if column.planned and minutes % 5 == 0 else _time_text(minutes * 60, zone)
        )
    if column.kind is Kind.INTEGER:
        return rng.choice([0, 1, 3.0, 40, 130, rng.randint(0, 130)])
    if column.kind is Kind.NUMBER:
        low, high = column.minimum or 0.0, column.maximum or 1e6
        return rng.choice([low, high, int(low), int(high), rng.uniform(low, high)])
    if column.choices is not None:
        return rng.choice(column.choices)
    return rng.choice(["A", "é ü", "x" * 64, "0", " A ", "nan", "None", f"V{rng.randint(1, 99)}"])


def _fault_of(column: Column, rng: Random) -> Any:
    """A value that the column refuses (or, near a limit, perhaps does not)."""
    kinds: list[Sequence[Any]] = [(None, ABSENT)]
    if column.kind is Kind.TIME:
        near = [_time_text(s, "Z") for s in (299, 300, 301, 3600)] + ["2024-11-03T12:05:00.000001Z"]
        kinds += [TIME_FAULTS, near, list(ZONE_CASES.values()), ["2024-01-01T00:00:00Z"]]
    elif column.kind in (Kind.NUMBER, Kind.INTEGER):
        low, high = column.minimum or 0.0, column.maximum or 1e6
        limits = [np.nextafter(low, -np.inf).item(), np.nextafter(high, np.inf).item(), -1e9, 1e9]
        kinds += [NUMBER_FAULTS, limits, [1.5]]
    else:
        kinds += [TEXT_FAULTS[:2], TEXT_FAULTS[2:3], TEXT_FAULTS[3:6], TEXT_FAULTS[6:]]
        kinds += [["3a", " 3A", "HOME"]] if column.choices else []
    return rng.choice(rng.choice(kinds))


def _extras(kind: str, rng: Random) -> Any:
    good = ["F", "M", None] if kind == "audit" else [3, 0.5, -2, None]
    wrong = TEXT_FAULTS if kind == "audit" else NUMBER_FAULTS
    names = AUDIT if kind == "audit" else COVARIATES
    some = {n: rng.choice(good if rng.random() < 0.9 else wrong) for n in names if rng.random() < 0.8}
    return rng.choice([some, some, some, None])


def _time_text(seconds: int, zone: str) -> str:
    hours = {"Z": timedelta(0), "+02:00": timedelta(hours=2), "-03:30": -timedelta(hours=3, minutes=30)}[zone]
    when = (RECEIVED + timedelta(seconds=seconds)).astimezone(timezone(hours)).replace(tzinfo=None)
    return when.isoformat() + zone


def _by_rows(table: str, rows: list[Row]) -> tuple[list[Row], dict[Place, str]]:
    """The accepted rows, each judged alone, and the faulty places."""
    accepted, faults = [], {}
    for number, row in enumerate(rows):
        try:
            accepted += validate_rows(table, [row], RECEIVED)
        except ContractError as error:
            for fault in error.faults:
                column = fault.path.split("].", 1)[1].removeprefix("audit.").removeprefix("covariates.")
                faults[number, column] = fault.code
    return accepted, faults


def _by_frame(table: str, rows: list[Row]) -> tuple[pd.DataFrame, dict[Place, str]]:
    """The typed rows and the faulty places, of the same cells side by side."""
    flat = []
    for row in rows:
        extra = (row.get("audit") or {}) | (row.get("covariates") or {})
        flat.append({k: v for k, v in row.items() if k not in ("audit", "covariates")} | extra)
    names = [*dict.fromkeys(n for row in flat for n in row)]
    columns = {}
    for name in names:
        cells = np.empty(len(flat), object)
        cells[:] = [row.get(name) for row in flat]
        columns[name] = pd.Series(cells, dtype=object)
    frame = pd.DataFrame(columns, index=range(len(flat)))
    frame["received_at"] = pd.Series(RECEIVED, index=frame.index)
    contract = TABLES[table]
    typed, faults = check(
        frame,
        table,
        clock=Clock(None),
        audit=AUDIT if contract.extra == "audit" else (),
        covariates=COVARIATES if contract.extra == "covariates" else (),
    )
    places = {(r, column): code for (column, code), found in faults.cells.items() for r in found}
    # A column that the contract does not know is a fault of the whole file; in requests, of the rows with it.
    return typed, {p: c for p, c in places.items() if c != "unknown_column" or p[1] in flat[p[0]]}


@pytest.mark.parametrize("table", TABLES)
def test_pandera_and_pydantic_accept_and_refuse_the_same_rows_at_the_same_places(table: str) -> None:
    """Same places, same codes, same values of what is accepted; and the rows drawn tried everything."""
    contract, tally = TABLES[table], Tally()

    @settings(max_examples=15 + len(contract.columns) // 3, deadline=None, derandomize=True, database=None)
    @given(_rows(contract))
    def agree(rows: list[Row]) -> None:
        accepted, expected = _by_rows(table, rows)
        typed, found = _by_frame(table, rows)
        assert found == expected
        whole = [n for n in range(len(rows)) if all(place[0] != n for place in expected)]
        assert _values(typed.loc[whole], contract) == [_flat(row) for row in accepted]
        _count(tally, table, rows, expected)

    agree()
    _covered(tally, contract)


@pytest.mark.parametrize("table", TABLES)
def test_a_fault_alone_in_a_table_is_refused_by_both(table: str) -> None:
    """No fault needs another one beside it to be seen."""
    contract = TABLES[table]
    whole = {c.name: _alone(c, n) for n, c in enumerate(contract.columns)}
    assert _by_rows(table, [whole])[1] == _by_frame(table, [whole])[1] == {}
    alone: list[tuple[str, Row]] = []
    for column in contract.columns:
        wrong: list[Any] = [{"a": "b"}]
        if column.required:
            wrong.append(None)
        if column.kind is Kind.TIME and not column.planned:
            wrong.append(_time_text(301, "Z"))
        elif column.kind in (Kind.NUMBER, Kind.INTEGER):
            wrong += [-1, True, 1e9]
        elif column.kind is not Kind.TIME:
            wrong += [" ", "x" * 130]
        alone += [(column.name, {**whole, column.name: value}) for value in wrong]
    for rule in contract.rules:
        late: Row = {c.name: None for c in contract.columns if not c.required and c.kind is Kind.TIME}
        late |= {rule.earlier: _time_text(-60, "Z"), rule.later: _time_text(-120, "Z")}
        if rule.earlier != contract.time:
            late |= {contract.time: _time_text(-600, "Z")} if contract.time in contract.event_times else {}
        alone.append((rule.later, {**whole, **late}))
    for name, row in alone:
        expected = _by_rows(table, [row])[1]
        assert set(expected) == {(0, name)}
        assert _by_frame(table, [row])[1] == expected


def _alone(column: Column, number: int) -> Any:
    """A good value; times in the order of the columns."""
    if column.kind is Kind.TIME:
        return _time_text(60 * (number - 100), "Z")
    if column.kind in (Kind.NUMBER, Kind.INTEGER):
        return min(30, column.maximum or 30)
    return column.choices[0] if column.choices else "A"


def _values(typed: pd.DataFrame, contract: Table) -> list[Row]:
    out = []
    for record in typed.to_dict("records"):
        row = {str(k): None if v is None or pd.isna(v) else v for k, v in record.items()}
        out.append({k: instant(v) if isinstance(v, datetime) else v for k, v in row.items() if v is not None})
    return out


def _flat(row: Row) -> Row:
    row = {**row, **(row.get("audit") or {})}
    return {k: v for k, v in row.items() if v is not None and k not in ("audit", "covariates")}


def _count(tally: Tally, table: str, rows: list[Row], faults: dict[Place, str]) -> None:
    for number, row in enumerate(rows):
        mine = {column: code for (n, column), code in faults.items() if n == number}
        tally.rows[not mine] += 1
        for column in TABLES[table].columns:
            verdict = (
                "refused"
                if column.name in mine
                else "missing"
                if row.get(column.name) is None
                else "accepted"
            )
            tally.columns[table, column.name, verdict] += 1
            for case, text in ZONE_CASES.items():
                if row.get(column.name) == text and column.kind is Kind.TIME:
                    tally.zones[case, mine.get(column.name) in ("naive_time", "not_a_time")] += 1
        for name, code in mine.items():
            tally.codes[table, name, code] += 1


def _covered(tally: Tally, contract: Table) -> None:
    refused = tally.rows[False] / tally.rows.total()
    assert 0.4 <= refused <= 0.85, f"{refused:.0%} of the rows are refused"
    for column in contract.columns:
        verdicts = ["accepted", "refused"] + ([] if column.required else ["missing"])
        for verdict in verdicts:
            assert tally.columns[contract.name, column.name, verdict] > 0, (column.name, verdict)
        for code in _codes(column):
            assert tally.codes[contract.name, column.name, code] > 0, (column.name, code)
    for rule in contract.rules:
        assert tally.codes[contract.name, rule.later, f"before_{rule.earlier}"] > 0, rule
    for name in contract.event_times:
        assert tally.codes[contract.name, name, "after_reception"] > 0, name
    for case in ZONE_CASES:
        assert tally.zones[case, case.startswith("naive")] > 0, case
        assert tally.zones[case, not case.startswith("naive")] == 0, case
    assert tally.codes[contract.name, "colour", "unknown_column"] > 0


def _codes(column: Column) -> list[str]:
    """What can be wrong with a column by itself."""
    codes = ["missing"] if column.required else []
    if column.kind is Kind.TIME:
        return [*codes, "not_a_time", "naive_time"]
    if column.kind is Kind.NUMBER:
        return [*codes, "not_a_number", "out_of_range"]
    if column.kind is Kind.INTEGER:
        return [*codes, "not_a_number", "out_of_range", "not_an_integer"]
    if column.choices is not None:
        return [*codes, "not_a_choice"]
    return [*codes, "not_text", "blank", "too_long", "control_character"]
