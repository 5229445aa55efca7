"""The start page of a new installation: what is missing until the first answer, step by step, in both languages."""

import html
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.main import main
from hospital.words.catalogue import text
from registry.record.database import open_database, writing
from registry.record.tokens import create_token
from registry.releases.promotion import promote
from serving.releases.first_steps import Step, StoredFirstSteps
from serving.releases.releases_in_use import Releases
from serving.state.observations import import_rows
from tests.support.installation import Installation, after
from tests.support.serving_fakes import FakeReleases, InProcess, make_parts


def steps(installation: Installation) -> dict[str, Step]:
    """The steps by name, as they are stored."""
    with open_database(installation.settings.database).connect() as connection:
        found = StoredFirstSteps(installation.settings).steps(connection, {})
    return {step.name: step for step in found}


def page(installation: Installation, language: str) -> str:
    """The start page of an installation without a release."""
    parts, tokens = make_parts(installation.settings.home)
    parts.releases = Releases(FakeReleases({"bed-demand": None, "wait-time": None}))
    parts.first_steps = StoredFirstSteps(installation.settings)
    headers = {"authorization": f"Bearer {tokens['operator']}"}
    answer = InProcess(parts).get(f"/?language={language}", headers=headers)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def test_a_home_without_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `vigie init` makes it: everything is missing, and each step has its command."""
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
    assert main(["init", "--zone", "Europe/Paris", "--finess", "350000006", "--unit", "MED=Médecine"]) == 0
    from registry.settings import Settings

    found = steps(Installation(Settings(home=tmp_path / "home"), {}))
    assert {name: step.state for name, step in found.items()} == {
        "history": "missing", "keys": "missing", "bed-demand": "untrained", "wait-time": "untrained",
        "token": "missing",
    }  # fmt: skip
    assert found["keys"].missing == {"author": 1, "board": 2, "releaser": 1}
    assert all(step.command.startswith("vigie ") for step in found.values())


def test_each_step_until_the_release(installation: Installation) -> None:
    """Trained, checked, approved once, approved, released: the state and the next command."""

    def wait() -> tuple[str, str]:
        step = steps(installation)["wait-time"]
        return step.state, step.command.partition(" --")[0]

    assert steps(installation)["keys"].done
    candidate = installation.register("1", author=None)
    assert wait() == ("unsigned", "vigie train wait-time")
    candidate = installation.register("2")
    assert wait() == ("unchecked", "vigie check wait-time 2")
    installation.check(candidate)
    installation.approve(candidate, "ada")
    assert wait() == ("unapproved", "vigie review wait-time 2")
    assert steps(installation)["wait-time"].missing == {"approvals": 1}
    installation.approve(candidate, "bob")
    assert wait() == ("unreleased", "vigie promote wait-time 2")
    promote(installation.settings, "wait-time", "2", installation.people["releaser"], now=after(2))


def test_a_version_that_did_not_pass_does_not_hide_one_that_did(installation: Installation) -> None:
    """Nor does it seem to be on its way when it is alone."""
    blocked = installation.check(installation.register("1"), verdict="block")
    assert steps(installation)["wait-time"].state == "closed"
    installation.check(installation.register("2"))
    assert steps(installation)["wait-time"].version == "2"
    installation.check(installation.register("3"), verdict="block")
    assert steps(installation)["wait-time"].version == "2"
    assert blocked.version == "1"


def test_what_was_done_is_seen(installation: Installation) -> None:
    """History, token; a retired key no longer counts."""
    with writing(open_database(installation.settings.database)) as connection:
        row = {"stay_id": "s", "unit": "MED", "entered_at": 5, "received_at": 5, "source": "elective"}
        import_rows(connection, "stays", [row])
        create_token(connection, "feed", ["application"], now=datetime.now(UTC))
    found = steps(installation)
    assert (found["history"].done, found["history"].last, found["token"].done) == (True, 5, True)
    installation.change_trust(lambda t: t.with_retired("ada"))
    assert steps(installation)["keys"].missing == {"board": 1}


def test_a_broken_trust_file_is_said(installation: Installation) -> None:
    """In place of a page that fails."""
    (installation.settings.trust / "trust.json").write_text("{")
    assert steps(installation)["keys"].state == "broken"
    assert text("first_steps.keys.broken", "en") in page(installation, "en")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_start_page_tells_it(installation: Installation, language: str) -> None:
    """In words of the language, with commands; in place of empty forecasts."""
    candidate = installation.check(installation.register("1"))
    installation.approve(candidate, "ada")
    shown = page(installation, language)
    assert text("first_steps.title", language) in shown  # type: ignore[arg-type]
    assert text("first_steps.model.unapproved", language, 1, version="1") in shown  # type: ignore[arg-type]
    assert "<code>vigie import DIR --mapping FILE</code>" in shown
    assert re.findall(r'<li class="(\w+)">', shown) == ["missing", "done", "missing", "missing", "done"]
    assert text("first_steps.lead", language, 3) in shown  # type: ignore[arg-type]
    assert "<script" not in shown


def test_with_a_release_the_page_is_the_usual_one(tmp_path: Path) -> None:
    """Forecasts in place of steps; the steps stay at their own address."""
    parts, tokens = make_parts(tmp_path / "home")
    headers = {"authorization": f"Bearer {tokens['operator']}"}
    assert text("first_steps.title", "en") not in html.unescape(
        InProcess(parts).get("/?language=en", headers=headers).text
    )
    answer = InProcess(parts).get("/first-steps?language=en", headers=headers)
    assert text("first_steps.model.done", "en", version="1") in html.unescape(answer.text)
