"""What is wrong alike in many rows of a request is one fault, with its count and its first places."""

from pathlib import Path
from typing import Any

import pytest

from serving.errors import RequestFault
from serving.http.problems import FaultBody, ProblemBody, invalid
from tests.support.serving_fakes import InProcess, make_parts


def _errors(home: Path, rows: list[dict[str, Any]], language: str) -> dict[str, Any]:
    parts, tokens = make_parts(home)
    headers = {"authorization": f"Bearer {tokens['application']}", "accept-language": language}
    answer = InProcess(parts).request("POST", "/v1/observations", json={"stays": rows}, headers=headers)
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
