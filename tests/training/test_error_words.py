"""What training refuses is said in the reader's language: each error takes a key and its values, never words."""

import ast
from string import Formatter

import pytest

from hospital.errors import VigieError
from hospital.words.catalogue import entries
from tests.support.repository import ROOT
from training.errors import TrainingError

RAISED = [
    (f"{path.name}:{node.lineno}", node.exc)
    for path in sorted((ROOT / "training").rglob("*.py"))
    for node in ast.walk(ast.parse(path.read_text("utf-8")))
    if isinstance(node, ast.Raise)
    and isinstance(node.exc, ast.Call)
    and ast.unparse(node.exc.func) in ("TrainingError", "HistoryError")
]


def test_each_error_takes_a_key_with_all_its_places() -> None:
    """And every key of training's errors is raised somewhere."""
    keys = set()
    for place, call in RAISED:
        assert len(call.args) == 1, place
        assert isinstance(call.args[0], ast.Constant), f"{place}: a message is written in the code"
        subject, _, name = str(call.args[0].value).partition(".")
        assert subject == "errors", f"{place}: a message is written in the code"
        for texts in entries("errors")[name].values():
            places = {field for _, field, _, _ in Formatter().parse(texts[""]) if field}
            assert places == {keyword.arg for keyword in call.keywords}, place
        keys.add(name)
    assert keys == {key for key in entries("errors") if key.startswith("training.")}


def test_numbers_are_written_in_the_language() -> None:
    """A half hour has a comma in French; what has no key is said as it was written."""
    error = TrainingError("errors.training.horizons", cadence=1, wrong=1.5)
    assert "pas 1,5 h" in error.words("fr")
    assert (
        str(error)
        == error.words("en")
        == "Horizons are multiples of the census's 1 h up to 14 days; not 1.5 h."
    )
    assert VigieError("as {it} was").words("fr") == "as {it} was"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_error_keeps_its_values_across_processes(language: str) -> None:
    """As pickle takes it from a worker to who reads it."""
    import pickle

    error = TrainingError("errors.training.no_model", model="beds", models="bed-demand, wait-time")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert again.words(language) == error.words(language)
