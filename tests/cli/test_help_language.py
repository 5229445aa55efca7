"""The command line says what it takes, and what was wrong, in the reader's language."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.main import main
from cli.parser import make_app
from hospital.words.catalogue import entries, has_text

# Words that English needs for any sentence, and that are none in French.
ENGLISH = re.compile(
    r"\b(the|of|and|is|are|it|that|which|what|with|by|from|to|has|have|its|this|no|not|who|where|why|"
    r"usage:|required|default|show|print|write|file|folder|command|commands|missing|such|invalid|should|"
    r"must|unable|list|str|int)\b",
    re.IGNORECASE,
)


def commands(command: Any = None, verb: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every verb and group, with what reads it."""
    command = command or get_command(make_app(TyperGroup))
    yield verb, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*verb, name))


ALL = dict(commands())


def prose(text: str) -> str:
    """What is no name: of an option, a choice, a file, a variable, a verb or a format."""
    text = re.sub(r"`[^`]*`|«\s?vigie[^»]*»|<[^>]*\|[^>]*>|\S*(?:[./_=]|--)\S*|vigie [a-z ]+", " ", text)
    return re.sub(r"Arguments|ARGUMENTS|\b(author|board|releaser|bed-demand|wait-time)\b|'[a-z]+'", " ", text)


@pytest.fixture(autouse=True)
def french(monkeypatch: pytest.MonkeyPatch) -> None:
    """French, as where nothing is set."""
    monkeypatch.delenv("VIGIE_LANGUAGE", raising=False)


def help_of(capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]) -> str:
    """What `--help` prints."""
    assert main([*verb, "--help"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("verb", list(ALL), ids=" ".join)
def test_help_is_french_where_the_reader_is(
    capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]
) -> None:
    """Of every verb and group, the library's own words among it."""
    written = help_of(capsys, verb)
    assert written.startswith("Usage\u00a0: vigie")
    assert "Options\u00a0:" in written
    listed = re.sub(r"^  [a-z]+ {2,}", "  ", written, flags=re.MULTILINE)  # names of verbs
    assert ENGLISH.findall(prose(listed)) == []


@pytest.mark.parametrize("verb", list(ALL), ids=" ".join)
def test_help_is_english_where_the_reader_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    """The same, without a French letter."""
    monkeypatch.setenv("VIGIE_LANGUAGE", "en")
    written = help_of(capsys, verb)
    assert written.startswith("Usage: vigie")
    assert not re.search("[éèêàçùîôœ«»]", written)


def test_every_verb_and_option_has_its_text_in_the_catalogue() -> None:
    """None stands in the code, and none of the catalogue's belongs to nobody."""
    read = set()
    for verb, command in commands():
        name = " ".join(verb)
        assert has_text(f"commands.verbs.{name or 'vigie'}"), f"add commands.verbs.{name}"
        read.add(f"verbs.{name or 'vigie'}")
        assert command.epilog is None
        read.add(f"epilogs.{name}")
        for parameter in command.params:
            option = max(parameter.opts, key=len).lstrip("-")
            own, shared = f"options.{name or 'vigie'}.{option}", f"options.any.{option}"
            key = own if has_text(f"commands.{own}") else shared
            if not parameter.hidden:
                assert has_text(f"commands.{key}"), f"{name} {option}: add commands.{own}"
                assert parameter.help is None or option.endswith("completion"), f"{name} {option}"
                read.add(key)
    kept = {key for key in entries("commands") if key.partition(".")[0] in ("verbs", "epilogs", "options")}
    assert kept - read == set()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Il manque la commande"),
        (["trian"], "La commande 'trian' n'existe pas (commandes proches\u00a0: 'train'"),
        (["journal", "burn"], "La commande 'burn' n'existe pas"),
        (["train"], "Il manque l'argument 'MODÈLE'. À choisir parmi\u00a0: bed-demand"),
        (["train", "wait-time"], "Il manque l'option '--data'"),
        (["train", "beds", "--data", "d"], "'beds' ne fait pas partie de 'bed-demand', 'wait-time'"),
        (["card", "wait-time", "1", "--langage"], "--langage n'existe pas (options proches\u00a0: --language)"),
        (["card", "wait-time", "1", "2"], "Arguments en trop (2)"),
        (["card", "wait-time", "1", "--out"], "L'option '--out' demande une valeur"),
        (["monitor", "--once=1"], "L'option '--once' ne prend pas de valeur"),
        (["simulate", "--days", "0", "--out", "d"], "'--days'\u00a0: un nombre d'au moins 1 est attendu"),
        (["simulate", "--days", "few", "--out", "d"], "'--days'\u00a0: un nombre entier est attendu"),
        (["simulate", "--days", "1.5", "--out", "d"], "'--days'\u00a0: un nombre entier est attendu"),
        (["serve", "--port", "70000"], "un nombre d'au plus 65535 est attendu"),
        (["train", "wait-time", "--data", "d", "--horizons", "4"], "comme dans 4h,24h,3d"),
        (["train", "wait-time", "--data", "d", "--test-from", "x"], "'x' n'est pas une date comme 2024-01-31"),
        (["review", "wait-time", "1", "--key", "k", "--comment", "c"], "indiquez-en une seule"),
        (["retrain", "--data", "d"], "elle est obligatoire"),
        (["token", "create", "app"], "indiquez ce qu'il permet"),
        (["key", "trust", "ada"], "Valeur refusée pour CLÉ_PUBLIQUE\u00a0: pour faire confiance"),
        (["policy", "--file", "f", "--shipped"], "indiquez l'une des deux"),
        (["journal", "erase"], "indiquez qui"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_wrong_usage_is_said_in_french(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """With the verb's usage and where its help is."""
    assert main(arguments) == 2
    *usage, why = capsys.readouterr().err.splitlines()
    assert words in why
    if "'--o" not in words:  # of which the library does not say whose option it is
        assert usage[0].startswith("Usage\u00a0: vigie")
        assert why.endswith("--help\u00a0».")
    assert ENGLISH.findall(prose(why.removeprefix("vigie: "))) == []


def test_wrong_settings_are_said_in_french(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with what it may be; the language that is none among them."""
    wrong = {
        "PORT": "70000",
        "MONITOR_MINUTES": "x",
        "CLOCK_START": "noon",
        "MONITOR": "perhaps",
        "LANGUAGE": "de",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(f"VIGIE_{name}", value)
    assert main(["policy"]) == 2
    said = capsys.readouterr().err
    for words in (
        "au plus 65535",
        "un nombre entier",
        "ISO 8601",
        "«\u00a0true\u00a0» ou «\u00a0false\u00a0»",
        "'fr' ou 'en' est attendu",
    ):
        assert words in said
    assert "input" not in said
