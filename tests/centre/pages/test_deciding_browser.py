"""A shift in a real browser: reasons, protocol, an override with a reason, a second person's signature, the board."""

from pathlib import Path
from typing import Any

import pytest

from centre.practice.protocol_store import ProtocolStore
from registry.policy.board_policy import default_policy
from tests.centre.decisions.policy_texts import policy_text
from tests.centre.recommendations.situations import LEVELS, protocol_text
from tests.support.installation import Installation, after
from tests.support.running_service import Running, run_service

pytestmark = pytest.mark.browser


def make_hospital(home: Path, **policy: str) -> None:
    """A home with a signed protocol in use, and both policies."""
    made = Installation.make(home)
    store = ProtocolStore(made.settings, default_policy())
    store.add(protocol_text(), made.people["author"], now=after(0))
    for name in ("ada", "bob"):
        store.review("reserve-beds", 1, made.people[name], "approve", "read", now=after(1))
    store.put_in_use("reserve-beds", 1, made.people["releaser"], "winter plan", now=after(2))
    (home / "levels.toml").write_text(LEVELS, "utf-8")
    (home / "decisions.toml").write_text(policy_text(**policy), "utf-8")


def sign_in(browser: Any, service: Running, who: str, width: int) -> Any:
    """A page of somebody who signed in with a token of their own, by keyboard."""
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.goto(f"{service.url}/sign-in")
    page.locator("#token:focus").wait_for()  # a browser focuses the field after it has drawn the page
    page.keyboard.type(service.tokens[who])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: not url.endswith("/sign-in"))
    return page


def lose_the_session(page: Any, token: str, address: str) -> None:
    """The session ends while the form is written: that nothing was recorded is said, and the same page comes back."""
    page.get_by_label("Faire cette étape").check()
    page.get_by_label("Motif").select_option("known_better")
    page.get_by_label("Pourquoi, en quelques mots").fill("Trop tard")
    page.context.clear_cookies()
    page.get_by_role("button", name="Inscrire la décision").click()
    page.locator("#token:focus").wait_for()
    assert "rien du formulaire n’a été enregistré" in page.get_by_role("alert").inner_text()
    assert fits(page)
    page.keyboard.type(token)
    page.keyboard.press("Enter")
    page.wait_for_url(address)
    assert page.locator("form.deciding").count() == 1


def fits(page: Any) -> bool:
    """Whether nothing is wider than the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_shift(tmp_path: Path, browser: Any) -> None:
    """On a phone of 360 px, by keyboard where it decides; nothing comes from elsewhere, and no script runs."""
    make_hospital(tmp_path, four_eyes='"tense"')
    with run_service(tmp_path) as service:
        manager = sign_in(browser, service, "operator", 360)
        asked: list[str] = []
        manager.on("request", lambda request: asked.append(request.url))
        manager.goto(f"{service.url}/decide?language=fr")
        assert manager.locator("h1.first").inner_text().startswith("À décider d’abord\u00a0: Court séjour")
        assert fits(manager)
        manager.locator("a.decide").first.click()
        manager.wait_for_url("**/decide/*?*")
        address = manager.url
        manager.locator("#why summary").click()
        assert "Somme\u00a0: le besoin médian" in manager.locator("#why").inner_text()
        manager.locator("#protocol summary").click()
        assert "Les transferts ne suffisent plus." in manager.locator("#protocol").inner_text()
        assert fits(manager)
        lose_the_session(manager, service.tokens["operator"], address)
        manager.get_by_label("Faire autre chose").focus()
        manager.keyboard.press("Space")
        manager.get_by_label("Ce qui est fait à la place").fill("Deux lits de l’hôpital de jour")
        manager.get_by_label("Motif").select_option("known_better")
        manager.get_by_label("Pourquoi, en quelques mots").fill("Une unité ouvre à midi")
        manager.keyboard.press("Tab")
        with manager.expect_navigation():
            manager.keyboard.press("Enter")
        assert "une seconde personne doit signer" in manager.locator("article.decision").inner_text()

        manager.get_by_label("Signer cette réponse").check()
        manager.get_by_label("Motif").select_option("known_better")
        manager.get_by_label("Pourquoi, en quelques mots").fill("Je signe moi-même")
        manager.get_by_role("button", name="Inscrire la décision").click()
        assert "et non celle qui a répondu" in manager.get_by_role("alert").inner_text()

        second = sign_in(browser, service, "admin", 1280)
        second.goto(address)
        second.get_by_label("Signer cette réponse").check()
        second.get_by_label("Motif").select_option("as_recommended")
        second.get_by_label("Pourquoi, en quelques mots").fill("Vu au lit du patient")
        second.get_by_role("button", name="Inscrire la décision").click()
        second.wait_for_selector("#decided")
        assert "autre chose a été fait" in second.locator("#decided").inner_text()

        board = sign_in(browser, service, "board", 1280)
        board.goto(address)
        seen = board.locator("article.decision").inner_text()
        for words in ("Head nurse A", "Head nurse B", "Deux lits de l’hôpital de jour", "Une unité ouvre"):
            assert words in seen
        assert board.locator("form.deciding").count() == 0
        board.set_viewport_size({"width": 360, "height": 900})
        board.goto(f"{service.url}/history?language=fr")
        assert "Deux lits de l’hôpital de jour" in board.locator("main table").first.inner_text()
        assert fits(board)
        assert asked
        assert all(url.startswith(service.url) for url in asked)


def write(page: Any, choice: str, words: str) -> None:
    """Fills the form in and sends it."""
    page.get_by_label(choice).check()
    page.get_by_label("Motif").select_option("known_better")
    page.get_by_label("Pourquoi, en quelques mots").fill(words)
    page.get_by_role("button", name="Inscrire la décision").click()


def test_two_tabs_and_the_back_button_decide_once(tmp_path: Path, browser: Any) -> None:
    """The second tab is told that it is decided, and what it wrote is not lost; going back shows the decision."""
    make_hospital(tmp_path)
    with run_service(tmp_path) as service:
        first = sign_in(browser, service, "operator", 1280)
        first.goto(f"{service.url}/decide?language=fr")
        first.locator("a.decide").first.click()
        first.wait_for_url("**/decide/*?*")
        second = first.context.new_page()
        second.goto(first.url)
        assert second.locator("form.deciding").count() == 1
        write(first, "Faire cette étape", "Vu au lit du patient")
        first.wait_for_selector("#decided")

        write(second, "Ne rien faire", "Trop tard pour moi")
        second.wait_for_selector("#unrecorded")
        said = second.locator("article.decision").inner_text()
        assert "Trop tard pour moi" in second.locator("#unrecorded").inner_text()
        assert "Vu au lit du patient" in said
        assert second.locator("form.deciding").count() == 0

        first.go_back()
        first.wait_for_load_state()
        assert first.locator("#decided").count() == 1
        assert first.locator("form.deciding").count() == 0
        first.goto(f"{service.url}/history?language=fr")
        assert first.locator("main table").first.locator("td.where").count() == 1
