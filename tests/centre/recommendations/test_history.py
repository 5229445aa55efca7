"""The history of decisions: both kinds in the order of the journal, filtered, as JSON, a table and a page."""

import csv
import io
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.centre.recommendations.situations import Hospital


@pytest.fixture
def hospital(quick_path: Path) -> Hospital:
    """One decision on a prediction, then one on a recommendation, by other people."""
    made = Hospital(quick_path)
    (one,) = made.listed()
    body = {
        "prediction_id": one["expected"]["prediction_id"],
        "decision": "override",
        "reason": "=1+1",
        "value": 3,
    }
    assert made.send("/v1/decisions", body).status_code == 201
    assert (
        made.decide(one["recommendation_id"], "override", "admin", reason="opens, \nat noon").status_code
        == 201
    )
    return made


def found(hospital: Hospital, query: str = "", who: str = "board") -> tuple[int, int]:
    """How many decisions of each kind somebody is answered."""
    answer = hospital.get(f"/v1/decisions{query}", who)
    assert answer.status_code == 200, answer.text
    return len(answer.json()["decisions"]), len(answer.json()["on_recommendations"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", (1, 1)),
        ("?on=predictions", (1, 0)),
        ("?on=recommendations", (0, 1)),
        ("?unit=U3", (0, 1)),
        ("?unit=U1", (0, 0)),
        ("?unit=*", (0, 0)),
        ("?decision=overridden", (1, 1)),
        ("?decision=rejected", (0, 0)),
        ("?person=Head%20nurse%20B", (0, 1)),
        ("?person=the%20operator", (1, 0)),
        ("?since=2025-11-03&until=2025-11-03", (1, 1)),
        ("?until=2025-11-02", (0, 0)),
        ("?since=2025-11-04", (0, 0)),
        ("?since=&until=", (1, 1)),
        ("?after=1000000000000000000", (0, 0)),
        ("?limit=1", (1, 0)),
    ],
)
def test_filters(hospital: Hospital, query: str, expected: tuple[int, int]) -> None:
    """Each by itself; pages follow each other over both kinds."""
    assert found(hospital, query) == expected
    if query == "?limit=1":
        after = hospital.get("/v1/decisions?limit=1", "board").json()["next"]
        assert found(hospital, f"?limit=1&after={after}") == (0, 1)


def test_the_longest_filter_fits_into_an_address(hospital: Hospital) -> None:
    """Whatever its letters: in an address each is up to twelve characters. What is longer than any is refused."""
    letters = {"person": 200, "unit": 64, "prediction_id": 64}
    longest = "&".join(f"{name}={quote('😀' * length)}" for name, length in letters.items())
    assert len(longest) > 3_900
    assert found(hospital, f"?{longest}&since=2025-11-03&until=2025-11-03") == (0, 0)
    assert hospital.get(f"/v1/decisions?person={'a' * 9_000}").status_code == 431


def test_faults_of_a_filter_at_once(hospital: Hospital) -> None:
    """By path; the page says the same in words."""
    answer = hospital.get("/v1/decisions?since=soon&until=2025-13-01")
    assert (answer.status_code, {f["path"] for f in answer.json()["errors"]}) == (
        422,
        {"query.since", "query.until"},
    )
    assert hospital.get("/v1/decisions?since=2025-11-04&until=2025-11-03").status_code == 422
    for other in (
        "20251103",
        "2025-W45-1",
        "2025-11-3",
        "٢٠٢٥-11-03",
    ):  # which Python takes for days, and nobody documented
        assert hospital.get(f"/v1/decisions?since={other}").status_code == 422, other
    page = hospital.get("/history?since=soon&language=en")
    assert page.status_code == 422
    assert "The first day is written as 2026-01-31." in page.text


def test_the_table_has_what_the_answer_has_and_no_formula(hospital: Hospital) -> None:
    """In the order of the journal, with the mark by which spreadsheets know UTF-8."""
    answer = hospital.get("/v1/decisions?format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(r["on"], r["decision"], r["decided_by"]) for r in rows] == [
        ("prediction", "overridden", "the operator"),
        ("recommendation", "overridden", "Head nurse B"),
    ]
    assert rows[0]["reason"] == "'=1+1"
    assert rows[1]["reason"] == "opens, \nat noon"
    assert rows[1]["right"] == ""
    assert len(list(csv.reader(io.StringIO(hospital.get("/history.csv?unit=U3").text)))) == 2


def test_no_spreadsheet_finds_a_formula_however_it_parts_cells(hospital: Hospital) -> None:
    """One set to French opens the file by semicolons, and obeys no quotes within what it takes for a cell."""
    (one,) = hospital.listed("?state=closed")
    made = {"prediction_id": one["expected"]["prediction_id"], "decision": "reject"}
    wording = 'seen;=HYPERLINK("//x")\n\n-2;\u00a0@A1\t+1;"=1'
    for reason in (wording, "\uff1d1", "  =1", '"=1'):
        assert hospital.send("/v1/decisions", {**made, "reason": reason}).status_code == 201
    table = hospital.get("/v1/decisions?format=csv").text.removeprefix("\ufeff")
    cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
    cells += [cell for line in table.splitlines() for cell in re.split("[;\t]", line)]
    assert len([c for c in cells if "HYPERLINK" in c]) == 2
    assert [c for c in cells if c.strip().lstrip('"').strip()[:1] in tuple("=+-@\uff1d")] == []


def test_the_page_shows_decisions_outcomes_and_figures_to_the_board(hospital: Hospital) -> None:
    """An outcome is a person's word; the latest counts."""
    (one,) = hospital.listed("?state=closed")
    path = f"/v1/recommendations/{one['recommendation_id']}/outcomes"
    for right in (False, True):
        assert hospital.send(path, {"right": right, "reason": "seen at noon"}, "board").status_code == 201
    page = hospital.get("/history?language=en", "board").text
    assert "Head nurse B" in page
    assert "Two beds of the day clinic" in page
    assert "another value" in page
    assert "known_better" not in page
    assert "1 / 1 (21%–100%)" in page
    assert re.search("<td[^>]*>medicine</td><td[^>]*>As the protocol says</td>", page)
    assert re.search(r"<td[^>]*>Tense</td><td[^>]*>\d+</td>", page)
    assert "style=" not in page
    assert "<script" not in page
    french = hospital.get("/history", "board").text
    assert '<a href="/history?language=fr" aria-current="page">Historique</a>' in french
    for other in ("/pilotage", "/decide", "/practice"):
        assert '<a href="/history?language=fr">Historique</a>' in hospital.get(other, "board").text
    assert hospital.get("/v1/recommendations/figures", "board").json()["overruled"]["groups"][0]["known"] == 1
    (row,) = hospital.get("/v1/recommendations/figures", "board").json()["fatigue"]
    assert (row["made"], row["shown"], row["opened"], row["acted_on"], row["ignored"]) == (1, 1, 0, 1, 0)


def test_what_nobody_decided_has_no_outcome(quick_path: Path) -> None:
    """And counts as ignored once it was shown."""
    hospital = Hospital(quick_path)
    (one,) = hospital.listed()
    path = f"/v1/recommendations/{one['recommendation_id']}"
    assert hospital.send(f"{path}/outcomes", {"right": True, "reason": "x"}).json()["code"] == "not_decided"
    assert hospital.get(path).status_code == 200
    hospital.later(61)
    hospital.listed()
    (row,) = hospital.get("/v1/recommendations/figures").json()["fatigue"]
    assert (row["opened"], row["acted_on"], row["ignored"]) == (1, 0, 1)
    assert found(hospital) == (0, 0)


def test_the_filter_is_closed_until_it_filters(hospital: Hospital) -> None:
    """On a phone decisions come first; what is filtered, or wrong, is seen."""
    assert '<details class="filters">' in hospital.get("/history?language=en").text
    assert '<details class="filters">' in hospital.get("/history?language=en&unit=&on=").text
    for query in ("unit=U3", "since=soon"):
        assert '<details class="filters" open>' in hospital.get(f"/history?language=en&{query}").text


def test_the_first_sentence_says_how_many_went_against_what_was_recommended(hospital: Hospital) -> None:
    """Of those that are shown; nothing is said of none."""
    assert (
        "2 decisions, 2 of them against what was forecast or recommended."
        in hospital.get("/history?language=en").text
    )
    assert "No decision" in hospital.get("/history?language=en&unit=U1").text
