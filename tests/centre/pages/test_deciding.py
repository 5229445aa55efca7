"""The page Décider: what it says first, its form, its faults, and what those see who may not decide."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from centre.pages.decision_queue import urgency
from centre.recommendations.answers import ExpectedBoarding, RecommendationAnswer
from serving.interface.forms import whole_or_tenth
from tests.centre.recommendations.situations import Hospital, protocol_text
from tests.support import serving_fakes

BOARDS = ExpectedBoarding(
    horizon_hours=4,
    target_at=datetime(2025, 11, 3, 12, tzinfo=UTC),
    probability=0.99,
    calibrated=True,
    base=0.0,
    contributions=(),
    events=40,
    threshold=5.0,
)
"""That more than five patients will wait for a bed is nearly certain."""


@pytest.fixture
def hospital(quick_path: Path) -> Hospital:
    """One unit is expected to be tense."""
    return Hospital(quick_path)


def page(hospital: Hospital, path: str = "/decide", who: str = "operator", language: str = "en") -> str:
    """A page as somebody sees it."""
    answer = hospital.get(f"{path}?language={language}", who)
    assert answer.status_code == 200, answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    return answer.text


def test_the_list_says_what_to_decide_first_by_whom_and_until_when(hospital: Hospital) -> None:
    """In both languages; without a policy it says so."""
    shown = page(hospital)
    assert "To decide first: Court séjour gériatrique, by 2025-11-03" in shown
    assert "Cadre de garde" in shown
    assert "Appeler le cadre de garde" in shown
    assert "step 1 of 2" in shown
    assert shown.count('<svg class="picture"') == 1
    assert "À décider d’abord" in page(hospital, language="fr")
    (hospital.home / "decisions.toml").write_text("version = 0")
    faulty = page(hospital)
    assert "has to be corrected" in faulty
    assert "<code>version</code>: too small: 1 at least" in faulty
    assert "not_" not in faulty
    (hospital.home / "decisions.toml").unlink()
    assert "no policy of decisions yet" in page(hospital)


def test_nobody_reads_that_nothing_is_to_be_decided_while_something_is_held_back(quick_path: Path) -> None:
    """The shift's number is spent on what was decided: the sentence at the top says what is held back, and once."""
    hospital = Hospital(quick_path, most=1)
    hospital.put_in_use(protocol_text(name="call-back"))
    (one,) = hospital.listed()
    assert hospital.decide(one["recommendation_id"]).status_code == 201
    shown = page(hospital)
    (sentence,) = re.findall(r'<h1 class="first"[^>]*>(.*?)</h1>', shown, re.DOTALL)
    assert sentence.startswith("The number set for a shift is reached: 1 recommendation is held back.")
    assert "Nothing is to be decided now" not in shown
    assert shown.count("held back") == 1


def test_what_is_reached_stands_before_what_is_expected_by_the_same_time(hospital: Hospital) -> None:
    """And of what is expected the likelier; a time that comes earlier stands before both."""
    (found,) = hospital.listed()
    likely = RecommendationAnswer.model_validate_json(json.dumps(found))
    assert likely.expected is not None
    unlikely = likely.model_copy(
        update={"expected": likely.expected.model_copy(update={"probability": 0.01})}
    )
    reached = unlikely.model_copy(update={"reached_now": True})
    sooner = unlikely.model_copy(update={"decide_by": likely.decide_by - timedelta(minutes=1)})
    unknown = likely.model_copy(update={"expected": None})
    assert not likely.reached_now
    ordered = sorted([unknown, unlikely, likely, reached, sooner], key=urgency)
    assert ordered == [sooner, reached, likely, unlikely, unknown]
    boards = unknown.model_copy(update={"boarding": BOARDS})
    assert sorted([unknown, unlikely, boards, likely], key=urgency)[0] == boards, "by its own probability"


def test_a_recommendation_is_read_and_decided_by_its_form(hospital: Hospital) -> None:
    """The explanation adds up on the page; the decision stands there with who, why and its entry."""
    (one,) = hospital.listed()
    path = f"/decide/{one['recommendation_id']}"
    shown = page(hospital, path)
    assert "Les transferts ne suffisent plus." in shown
    assert "Sum: the median need" in shown
    assert shown.count('<svg class="picture"') == 1
    fan = re.findall(r"<svg class=.picture.*?</svg>", shown, re.DOTALL)
    unit = page(hospital, "/pilotage/unit", language="en&unit=U3")
    assert fan == re.findall(r"<svg class=.picture.*?</svg>", unit, re.DOTALL), (
        "the picture of the unit's page"
    )
    wrong = hospital.form(path, language="en", decision="override", reason="  ", reason_code="known_better")
    assert wrong.status_code == 422
    assert "Say why, in 2,000 characters at most." in wrong.text
    assert "With “Do something else”, and only then" in wrong.text
    assert 'value="override" required checked' in wrong.text
    assert 'value="known_better" selected' in wrong.text
    fields = {
        "decision": "override",
        "reason": "A ward opens at noon <b>",
        "reason_code": "known_better",
        "instead": "Wait until noon",
        "request_key": "0123456789abcdef",
    }
    for _ in range(2):
        done = hospital.form(path, language="en", **fields)
        assert (done.status_code, done.headers["location"]) == (303, f"{path}?language=en")
    after = page(hospital, path)
    assert "something else was done" in after
    assert "A ward opens at noon &lt;b&gt;" in after
    assert "Head nurse A" in after
    assert "<form class" not in after


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", ("Votre réponse n’a pas été enregistrée.", "Le délai est passé, et personne n’a décidé.")),
        ("en", ("Your answer was not recorded.", "Its time is over, and nobody decided.")),
    ],
)
def test_who_sends_a_decision_a_second_too_late_reads_that_it_does_not_count(
    hospital: Hospital, language: str, said: tuple[str, str]
) -> None:
    """The page was opened in time; what was written stands there, to be said to somebody by another way."""
    (one,) = hospital.listed()
    path = f"/decide/{one['recommendation_id']}"
    page(hospital, path)
    hospital.later(60 + 1 / 60)
    sent = {"decision": "accept", "reason": "Seen <b>", "reason_code": "known_better"}
    late = hospital.form(path, language=language, **sent)
    assert late.status_code == 409
    block = re.findall(r'<div class="fault" role="alert" id="unrecorded">(.*?)</div>', late.text, re.DOTALL)[
        0
    ]
    for words in (*said, "Seen &lt;b&gt;"):
        assert words in block
    assert '<form class="deciding"' not in late.text
    assert hospital.listed("?state=closed")[0]["state"] == "expired"
    assert 'id="unrecorded"' not in page(hospital, path), "who only reads it has sent nothing"


def test_who_answers_what_another_has_decided_reads_that_theirs_does_not_count(hospital: Hospital) -> None:
    """In a second tab, or on another device: the first decision stands, and is shown below."""
    (one,) = hospital.listed()
    path = f"/decide/{one['recommendation_id']}"
    assert hospital.decide(one["recommendation_id"], "reject", "admin").status_code == 201
    late = hospital.form(path, language="en", decision="accept", reason="Mine", reason_code="known_better")
    assert late.status_code == 409
    for words in ("Your answer was not recorded.", "Somebody decided meanwhile.", "Mine", "Head nurse B"):
        assert words in late.text


def test_a_unit_s_page_leads_to_what_is_to_be_decided_there(hospital: Hospital) -> None:
    """The step, until when and by which role, with its link; a unit without one names the page of all."""
    (one,) = hospital.listed()
    shown = page(hospital, "/pilotage/unit", language="en&unit=U3")
    assert (
        f'<a href="/decide/{one["recommendation_id"]}?language=en" lang="fr">Appeler le cadre de garde</a>'
        in shown
    )
    assert re.search(r"To be decided by 2025-11-03[^<]*, role: Cadre de garde", shown)
    other = page(hospital, "/pilotage/unit", language="en&unit=U1")
    assert "/decide/" not in other
    assert "are decided on the page" in other


@pytest.mark.parametrize(
    ("language", "named", "staffed"),
    [
        ("fr", "Évolution habituelle d’ici", "sans aucun lit armé"),
        ("en", "Usual change within", "without any staffed bed"),
    ],
)
def test_reasons_and_staffed_beds_are_called_as_people_call_them(
    quick_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, named: str, staffed: str
) -> None:
    """As on the unit's page; where no bed has staff it says so."""
    monkeypatch.setattr(serving_fakes, "CASES", {**serving_fakes.CASES, "U3": (31.0, 0.0)})
    hospital = Hospital(quick_path)
    hospital.parts.forecaster.features = {0: "usual_then"}  # type: ignore[attr-defined]
    one = next(one for one in hospital.listed() if one["unit"] == "U3")
    shown = page(hospital, f"/decide/{one['recommendation_id']}", language=language)
    assert re.search(rf'<th scope="row">{named}\s', shown)
    assert staffed in shown
    unit = page(hospital, "/pilotage/unit", language=f"{language}&unit=U3")
    assert re.search(rf'<th scope="row">{named}\s', unit)


def test_who_may_not_decide_sees_why_and_no_form(hospital: Hospital) -> None:
    """A member of the board reads everything."""
    (one,) = hospital.listed()
    path = f"/decide/{one['recommendation_id']}"
    shown = page(hospital, path, "board")
    assert 'id="refused"' in shown
    assert '<form class="deciding"' not in shown
    refused = hospital.form(path, "board", decision="accept", reason="x", reason_code="known_better")
    assert refused.status_code == 403
    assert hospital.listed()[0]["state"] == "proposed"


def test_another_unit_s_manager_reads_so(hospital: Hospital) -> None:
    """Nothing is decided by the form that was sent all the same."""
    (hospital.home / "decisions.toml").write_text(
        (hospital.home / "decisions.toml").read_text().replace('units = ["U1", "U3"]', 'units = ["U2"]')
    )
    (one,) = hospital.listed()
    path = f"/decide/{one['recommendation_id']}"
    assert "You decide in other units than this one." in page(hospital, path)
    sent = hospital.form(path, language="en", decision="accept", reason="x", reason_code="known_better")
    assert sent.status_code == 403
    assert hospital.listed()[0]["state"] == "proposed"


def test_an_unknown_recommendation(hospital: Hospital) -> None:
    """There is none, and no traceback."""
    assert hospital.get("/decide/" + "0" * 24).status_code == 404


@pytest.mark.parametrize(("value", "words"), [(11.0, "11"), (0.0, "0"), (2.5, "2,5"), (1211.0, "1\u202f211")])
def test_whole_beds_are_written_whole(value: float, words: str) -> None:
    """What was exceeded, and by how much, as people count."""
    assert whole_or_tenth(value, "fr") == words
