"""The page Pratiques and its HTTP: what is in force, what somebody read, who holds which skill, where one is short."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from centre.practice.skill_files import read_skills
from hospital.times import moment
from registry.record.journal import entries
from registry.settings import Settings
from serving.gateway.service_parts import Parts
from serving.http.authentication import COOKIE
from tests.support.installation import Installation
from tests.support.practice_home import write_practice, write_skills
from tests.support.serving_fakes import NOW, InProcess, make_parts

TODAY = moment(NOW)


@pytest.fixture
def service(installation: Installation) -> tuple[Parts, dict[str, str], InProcess]:
    """A service in a home with a protocol in force and skills."""
    home = installation.settings.home
    write_practice(installation.settings, TODAY, units='["U1"]', levels='["full"]')
    write_skills(installation.settings.skills, TODAY, "U1")
    parts, tokens = make_parts(home)
    parts.settings = Settings(home=home)
    return parts, tokens, InProcess(parts)


def _page(service: tuple[Parts, dict[str, str], InProcess], path: str, role: str = "operator") -> str:
    _, tokens, client = service
    answer = client.get(path, headers={"Authorization": f"Bearer {tokens[role]}"})
    assert answer.status_code == 200, answer.text
    return answer.text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("words", "hits"),
    [
        ("reserve", 1),
        ("réserves", 1),
        ("capacité de réserves", 1),
        ("r\u00e9serve chirurgie", 0),
        ("", 1),
        ("'\" OR *", 0),
    ],
)
def test_search_finds_stems_and_accents(
    service: tuple[Parts, dict[str, str], InProcess], words: str, hits: int
) -> None:
    """In French; a word that is not there finds nothing, and no syntax of a query does."""
    from urllib.parse import quote

    page = _page(service, f"/practice?language=fr&words={quote(words)}")
    assert page.count("Ouvrir les lits de réserve") == hits


def test_a_newcomer_sees_what_to_read_first_and_confirms_it_once(
    service: tuple[Parts, dict[str, str], InProcess],
) -> None:
    """From the page, in their own name, of the bytes that are in force; another person has not read it by that."""
    parts, tokens, client = service
    page = _page(service, "/practice?language=en&unit=U1")
    first = page.split('id="first"')[1].split("</section>")[0]
    assert "Ouvrir les lits de réserve" in first
    assert "unread" in first
    form = _page(service, "/practice/protocol?language=en&id=reserve-beds")
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    for _ in range(2):
        answer = _send(client, tokens["operator"], parts, fields)
        assert answer.status_code == 303, answer.text
    assert "unread" not in _page(service, "/practice?language=en&unit=U1")
    assert "unread" in _page(service, "/practice?language=en&unit=U1", "board")
    with parts.engine.connect() as connection:
        read = [e for e in entries(connection) if e.action == "protocol read"]
    assert len(read) == 1
    assert "the operator" in read[0].actor


def _send(client: InProcess, token: str, parts: Parts, fields: dict[str, str], **headers: str) -> Any:
    from urllib.parse import urlencode

    caller = parts.authority.caller(token)
    assert caller is not None
    cookie = parts.authority.open_session(caller)
    return client.request(
        "POST",
        "/practice/receipts",
        content=urlencode(fields),
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "cookie": f"{COOKIE}={cookie}",
            **headers,
        },
    )


def test_another_site_and_other_bytes_confirm_nothing(
    service: tuple[Parts, dict[str, str], InProcess],
) -> None:
    """A form from elsewhere is refused; so is a receipt of a version that is in force no more."""
    parts, tokens, client = service
    fields = {"protocol": "reserve-beds", "digest": "sha256:0", "language": "en"}
    assert (
        _send(client, tokens["operator"], parts, fields, **{"sec-fetch-site": "cross-site"}).status_code
        == 403
    )
    answer = _send(client, tokens["operator"], parts, fields)
    assert answer.status_code == 409
    assert "Another version has come into force" in answer.text
    with parts.engine.connect() as connection:
        assert [e for e in entries(connection) if e.action == "protocol read"] == []


def test_who_holds_a_skill_until_when_with_names_for_managers_alone(
    service: tuple[Parts, dict[str, str], InProcess],
) -> None:
    """A skill that lapsed yesterday is held by nobody; names stand on pages, and only for who may see them."""
    page = _page(service, "/practice/protocol?language=en&id=reserve-beds")
    assert "Personne de démonstration 1" in page
    assert "until 2025-11-23" in page
    assert "Nobody holds it today." in page
    assert "Ventilation au lit du malade" in page
    assert "Complet" not in page
    seen = _page(service, "/practice/protocol?language=en&id=reserve-beds", "auditor")
    assert "Personne de démonstration" not in seen
    assert "p-71c4" in seen


def test_shortage_tomorrow_is_unknown_where_demand_is(
    service: tuple[Parts, dict[str, str], InProcess],
) -> None:
    """On shift is known; without a distribution neither the need nor the risk is, and no nought stands for them."""
    page = _page(service, "/practice?language=en&unit=U1")
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page.split('id="short"')[1].split("</section>")[0])
    assert [re.sub("<.*?>", "", c) for c in cells] == ["ventilation", "not known", "1", "not known"]


def test_shortage_tomorrow_is_the_probability_of_demand_beyond_those_on_shift(
    service: tuple[Parts, dict[str, str], InProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One holder looks after 12; 24 are expected: short for certain, and the training that would help is named."""
    parts, _, _ = service
    made = type(parts.forecaster)._bed  # type: ignore[attr-defined]

    def with_distribution(*args: Any) -> Any:
        from dataclasses import replace

        forecast = made(*args)
        return replace(forecast, distribution=tuple(20.0 + n / 2 for n in range(19)))

    monkeypatch.setattr(type(parts.forecaster), "_bed", with_distribution)
    page = _page(service, "/practice?language=en&unit=U1")
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page.split('id="short"')[1].split("</section>")[0])
    assert [re.sub("<.*?>", " ", c).split() for c in cells[1:3]] == [["3"], ["1"]]
    assert "over 99%" in cells[3]
    said = "The risk is read off the forecast’s interval; it was never held against what happens."
    assert said in page  # a risk that nobody judged stands beside its caveat, and in no sentence at the top
    (first,) = re.findall(r'<h1 class="first"[^>]*>(.*?)</h1>', page, re.DOTALL)
    assert "3 needed tomorrow, 1 on shift" in first
    assert "%" not in first
    assert "Ventilation au lit du malade" in cells[3]


def test_http_gives_protocols_and_skills_by_pseudonym_and_takes_receipts(
    service: tuple[Parts, dict[str, str], InProcess],
) -> None:
    """Names are not in it; an application has no receipts; every fault of a body at once."""
    _, tokens, client = service
    headers = {"Authorization": f"Bearer {tokens['board']}"}
    (one,) = client.get("/v1/protocols?unit=U1&level=full&words=lit", headers=headers).json()["protocols"]
    assert (one["protocol"], one["version"], one["read"], one["units"]) == ("reserve-beds", 1, False, ["U1"])
    assert [s["two_people"] for s in one["steps"]] == [False, True]
    assert client.get("/v1/protocols?unit=U2", headers=headers).json() == {"protocols": []}
    assert client.get("/v1/protocols?level=other", headers=headers).json() == {"protocols": []}
    path = "/v1/protocols/reserve-beds/receipt"
    answers = [
        client.request("POST", path, json={"digest": one["digest"]}, headers=headers) for _ in range(2)
    ]
    assert [a.json()["noted"] for a in answers] == [True, False]
    assert client.get("/v1/protocols", headers=headers).json()["protocols"][0]["read"] is True
    wrong = client.request("POST", path, json={"digets": 1, "x": 2}, headers=headers)
    assert wrong.status_code == 422
    assert {e["path"] for e in wrong.json()["errors"]} == {"digets", "x"}
    assert client.request("POST", path, json={"digest": "sha256:1"}, headers=headers).status_code == 409
    assert (
        client.request(
            "POST", "/v1/protocols/none/receipt", json={"digest": "x"}, headers=headers
        ).status_code
        == 404
    )
    application = {"Authorization": f"Bearer {tokens['application']}"}
    assert (
        client.request("POST", path, json={"digest": one["digest"]}, headers=application).status_code == 403
    )
    skills = client.get("/v1/skills", headers=application)
    assert [(h["person"], h["until"]) for h in skills.json()["held"]] == [
        ("p-09aa", None),
        ("p-71c4", "2025-11-23"),
    ]
    assert "démonstration" not in skills.text
    assert [o["title"] for o in skills.json()["openings"]] == ["Ventilation au lit du malade"]
    assert client.get("/v1/protocols", headers=application).json()["protocols"][0]["read"] is None


def test_the_unit_page_shows_the_protocol_that_its_level_calls(
    service: tuple[Parts, dict[str, str], InProcess], installation: Installation
) -> None:
    """Expected, its level calls the protocol in force; a unit that it is not meant for does not show it."""
    from tests.centre.levels.test_hospital_levels import POLICY

    (installation.settings.home / "levels.toml").write_text(POLICY.replace("0.5", "0.01"))
    assert "Ouvrir les lits de réserve" in _page(service, "/pilotage/unit?language=en&unit=U1")
    assert "Ouvrir les lits de réserve" not in _page(service, "/pilotage/unit?language=en&unit=U3")


def test_a_file_of_skills_is_read_with_all_its_faults_at_once(quick_path: Path) -> None:
    """A line with a fault counts for nobody; a column that is missing leaves the file out."""
    (quick_path / "held.csv").write_text(
        "person,skill,until,home_unit\na,s,31/12/2026,U\nb,s,,U\n,s,2026-02-30,\nc,s,,U,more\n"
    )
    (quick_path / "needs.csv").write_text("unit;skill;patients\nU;s;3\n")
    (quick_path / "openings.csv").write_bytes(b"kind,skill,\xff\n")
    (quick_path / "shifts.csv").write_text("unit;day;person\nU;2026-01-02;b\n")
    record = read_skills(quick_path)
    assert [f.path for f in record.faults] == [
        "held.csv:2.until",
        "held.csv:4.person",
        "held.csv:4.until",
        "held.csv:4.home_unit",
        "held.csv:5.columns",
        "openings.csv",
        "needs.csv.patients_each",
        "needs.csv.at_least",
        "needs.csv.patients",
    ]
    assert [h.person for h in record.held] == ["b"]
    assert record.shifts_of(datetime(2026, 1, 2, tzinfo=UTC).date()) == {"U": frozenset({"b"})}
    assert read_skills(quick_path / "none").faults == ()


def test_the_first_sentence_of_a_home_without_anything(quick_path: Path) -> None:
    """No protocol, no skill, no need: the page's name; nothing is made up, and nothing fails."""
    parts, tokens = make_parts(quick_path)
    page = _page((parts, tokens, InProcess(parts)), "/practice?language=en")
    assert re.findall(r'<h1 class="first"[^>]*>(.*?)</h1>', page) == ["Practice"]


def test_the_first_sentence_says_what_is_unread(service: tuple[Parts, dict[str, str], InProcess]) -> None:
    """Or where a skill is likely to be short tomorrow, before it."""
    first = re.findall(r'<h1 class="first"[^>]*>(.*?)</h1>', _page(service, "/practice?language=en"))
    assert len(first) == 1
    assert first[0].startswith(("To look at first: ventilation", "To read first: 1 protocol"))
