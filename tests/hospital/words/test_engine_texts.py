"""What the engine says of a model file is read in French wherever Vigie shows it: every sentence of it has a text."""

import ast
from collections.abc import Iterator

import pytest

from hospital.words.catalogue import entries
from hospital.words.messages import Foreign
from registry.errors import PackageError
from tests.support.repository import ROOT

NEVER_BYTES = "objects.py"
"""Its refusals are of objects and paths; a package hands over the bytes of a file."""
SAMPLES = {"where": "tree 7"}


def _sentences() -> Iterator[tuple[str, list[str]]]:
    """Each sentence with its places filled, and what fills them."""
    for path in sorted((ROOT / "explain").rglob("*.py")):
        if path.name == NEVER_BYTES:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "ModelFileError"):
                continue
            words, filled = node.args[0], list[str]()
            if isinstance(words, ast.Constant):
                yield str(words.value), []
                continue
            assert isinstance(words, ast.JoinedStr), ast.unparse(words)
            text, samples = "", dict(SAMPLES)
            for part in words.values:
                if isinstance(part, ast.Constant):
                    text += str(part.value)
                    continue
                assert isinstance(part, ast.FormattedValue)
                text += samples.setdefault(ast.unparse(part.value), f"x{len(samples)}")
                filled.append(samples[ast.unparse(part.value)])
            yield text, filled


SENTENCES = list(_sentences())


def test_the_sentences_are_seen() -> None:
    """The walk finds what the engine says."""
    assert len(SENTENCES) > 60
    assert any("tree 7" in words for words, _ in SENTENCES)


@pytest.mark.parametrize("words", sorted({words for words, _ in SENTENCES}))
def test_each_is_said_in_french(words: str) -> None:
    """With everything that it names, and in English as the engine says it."""
    foreign = Foreign(words, "engine", "model_file")
    french = foreign.words("fr")
    assert french != words
    filled = next(places for found, places in SENTENCES if found == words)
    assert all(place.removeprefix("tree ") in french for place in filled), french
    assert foreign.words("en") == words


def test_a_tree_is_named_in_french_within_the_name_of_its_numbers() -> None:
    """`explain.formats.checked` gets both as one name."""
    for words in (
        "The model file's split_type of tree 3 are not whole numbers: it is damaged.",
        "The model file has not 4 left_children of tree 3: it is truncated or damaged.",
        "The model file's sum_hessian of tree 3 are out of range: it is damaged.",
        "The model file's categories of tree 3 are not all numbers of their kind: it is damaged.",
    ):
        assert " de l'arbre 3" in Foreign(words, "engine", "model_file").words("fr")


def test_every_text_is_of_a_sentence() -> None:
    """What the engine says no more is taken out of the catalogue."""
    said = "\n".join(words for words, _ in SENTENCES)
    for key, entry in entries("engine").items():
        longest = max(
            entry["en"][""].replace("tree {tree}", "{where}").replace("{", "}").split("}")[::2], key=len
        )
        assert longest in said, key


def test_a_package_says_it_in_the_language() -> None:
    """As it is raised where a package is read."""
    why = Foreign("The model file ends too early: it is truncated or damaged.", "engine", "model_file")
    error = PackageError("registry.package.unusable", name="median.ubj", why=why)
    assert error.words("fr") == (
        "median.ubj, dans le paquet, ne peut pas être utilisé. "
        "Le fichier s'arrête trop tôt\N{NO-BREAK SPACE}: il est tronqué ou endommagé."
    )
    assert str(error).endswith("The model file ends too early: it is truncated or damaged.")
