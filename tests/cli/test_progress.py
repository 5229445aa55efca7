"""The steps that stand beside the bar of long work, in the reader's language."""

import ast

import pytest
from rich.progress import Progress

from cli.progress import _in_words, _ShareDone
from hospital.words.recognition import recognised
from tests.support.repository import ROOT

PACKAGES = ("cli", "registry", "serving", "training")


def _steps() -> set[str]:
    """What any call of `progress(what, share)` in the product names as its step; a place is filled by a 2."""
    found = set()
    for path in (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or len(node.args) != 2:
                continue
            if (getattr(node.func, "attr", "") or getattr(node.func, "id", "")) != "progress":
                continue
            words = node.args[0]
            if isinstance(words, ast.Constant):
                found.add(str(words.value))
            elif isinstance(words, ast.JoinedStr):
                parts = (str(p.value) if isinstance(p, ast.Constant) else "2" for p in words.values)
                found.add("".join(parts))
    return found


def test_each_step_has_french_words() -> None:
    """A model's name in front of another step needs none."""
    steps = _steps()
    assert {"fit", "judge", "store 2", "simulate"} <= steps
    unnamed = {step for step in steps if recognised(step, "commands", "steps", "fr") is None}
    assert unnamed == {"2: 2"}


def test_the_model_in_front_of_a_step_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two models are trained side by side."""
    monkeypatch.setenv("VIGIE_LANGUAGE", "fr")
    assert _in_words("bed-demand: fit") == "bed-demand: apprentissage"
    assert _in_words("04/03/2024 à 10 h 00") == "04/03/2024 à 10 h 00"
    assert _in_words("tune, 12 trials") == "réglage, 12 essais"
    monkeypatch.setenv("VIGIE_LANGUAGE", "en")
    assert _in_words("bed-demand: fit") == "bed-demand: fit"


def test_the_share_done_is_written_as_the_language_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a no-break space before the sign in French, and without one in English."""
    progress = Progress(disable=True)
    progress.add_task("", total=1.0, completed=0.42)
    (task,) = progress.tasks
    for language, written in (("fr", " 42\u00a0%"), ("en", "  42%")):
        monkeypatch.setenv("VIGIE_LANGUAGE", language)
        assert _ShareDone().render(task).plain == written
