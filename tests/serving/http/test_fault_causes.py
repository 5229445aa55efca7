"""What is wrong alike in many rows of a request is one fault, with its count and its first places."""

from pathlib import Path
from typing import Any

import pytest

from hospital.contracts.request_models import MOST_FAULTS, validate_rows
from hospital.errors import ContractError
from serving.errors import Problem, RequestFault
from serving.http.problems import FaultBody, ProblemBody, invalid
from serving.messages.body_envelopes import Context
from serving.messages.forecast_questions import wait_question
from tests.support.serving_fakes import InProcess, make_parts


def _errors(home: Path, rows: list[dict[str, Any]], language: str) -> dict[str, Any]:
    return _answer(home, {"stays": rows}, language)


def _answer(home: Path, body: dict[str, Any], language: str = "en") -> dict[str, Any]:
    parts, tokens = make_parts(home)
    headers = {"authorization": f"Bearer {tokens['application']}", "accept-language": language}
    answer = InProcess(parts).request("POST", "/v1/observations", json=body, headers=headers)
    parts.workers.close()
    parts.engine.dispose()
    assert answer.status_code == 422
    return dict(answer.json())


def _rows(number: int) -> list[dict[str, Any]]:
    good = {"unit": "U1", "entered_at": "2025-11-03T01:00:00Z", "source": "emergency"}
    bad = [{**good, "stay_id": f"s{n}", "source": "somewhere"} for n in range(number)]
    return [{**good, "stay_id": "first"}, *bad, {**good, "stay_id": "last", "unit": " "}]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_57_bad_rows_of_one_cause_are_one_fault(quick_path: Path, language: str) -> None:
    """Beside the other cause; within the documented shape, and the detail counts causes."""
    found = _errors(quick_path / "home", _rows(57), language)
    problem = ProblemBody.model_validate(found)
    assert [(e.path, e.code) for e in problem.errors] == [
        ("stays[1].source", "not_a_choice"),
        ("stays[58].unit", "blank"),
    ]
    times = {"en": "57 times, first:", "fr": "57 fois, d'abord\u00a0:"}[language]
    assert problem.errors[0].message.endswith(
        f" ({times} stays[1].source, stays[2].source, stays[3].source)"
    ), problem.errors[0].message
    assert set(found["errors"][0]) == set(FaultBody.model_fields)
    assert "2" in problem.detail


def test_three_bad_rows_are_named_each(quick_path: Path) -> None:
    """A program finds them by their paths."""
    found = _errors(quick_path / "home", _rows(3), "en")
    assert [e["path"] for e in found["errors"]] == [
        *(f"stays[{n}].source" for n in (1, 2, 3)),
        "stays[4].unit",
    ]


def test_a_fault_of_the_same_field_with_other_words_is_another_cause() -> None:
    """Fields, codes and messages decide; positions do not."""
    faults = [RequestFault(f"visits[{n}].at", "x", f"words {n % 2}") for n in range(10)]
    assert [f.path for f in invalid(faults).faults] == ["visits[0].at", "visits[1].at"]


def test_keys_that_are_none_are_one_fault_however_many(quick_path: Path) -> None:
    """Nothing of them is shown, so that they look alike: 150 of them made an answer twelve times their size."""
    body = {f"k{n}": 1 for n in range(150)}
    found = _answer(quick_path / "home", body)
    unknown = [e for e in found["errors"] if e["code"] == "unknown_field"]
    assert [(e["path"], e["message"][-22:]) for e in unknown] == [("?", " (150 times, first: ?)")]


def test_what_was_meant_is_looked_for_of_few_names(quick_path: Path) -> None:
    """Each costs as much as reading fifty: a megabyte of names took twelve seconds."""
    row = {f"stay_id{n}": 1 for n in range(60)}
    found = _answer(quick_path / "home", {"stays": [row]})
    named = [e["message"] for e in found["errors"] if e["code"] == "unknown_column"]
    assert ["is it stay_id?" in message for message in named] == [True, False]
    assert [message.partition(" times")[0][-3:] for message in named] == ["(50", "(10"]


def test_after_so_many_faults_no_further_row_is_read(quick_path: Path) -> None:
    """Which is said: of rows that were not read nobody knows what is wrong."""
    rows = [{f"k{n}": 1 for n in range(150)}] * (MOST_FAULTS // 150 + 50)
    with pytest.raises(ContractError) as refused:
        validate_rows("stays", rows, 0)
    assert MOST_FAULTS <= len(refused.value.faults) < MOST_FAULTS + 200
    found = _answer(quick_path / "home", {"stays": rows, "visits": rows})
    assert found["errors"][-1]["code"] == "too_many_faults"
    assert len({e["path"].partition("[")[0] for e in found["errors"][:-1]}) == 1
    few = _answer(quick_path / "other", {"stays": rows[:3]})
    assert "too_many_faults" not in {e["code"] for e in few["errors"]}


def test_of_visits_no_further_one_is_read_either() -> None:
    """Their state of the department is read before the rows are, one by one."""
    visit = {"ed_state": {f"k{n}": 1 for n in range(150)}}
    with pytest.raises(Problem) as refused:
        wait_question({"visits": [visit] * 500}, Context(0, "en", b"k"))
    counts = [f.words("en") for f in refused.value.faults if f.code == "unknown_field"]
    assert [count.partition("(20,100 times")[1] for count in counts] == ["(20,100 times"]
    assert refused.value.faults[-1].code == "too_many_faults"
