"""`vigie protocol`: from a file to the protocol in use, in words of either language."""

import json
from pathlib import Path

import pytest

from cli.main import main
from tests.centre.practice.protocol_texts import protocol_text
from tests.support.installation import Installation


@pytest.fixture
def home(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of an installation with people who are trusted."""
    monkeypatch.setenv("VIGIE_HOME", str(installation.settings.home))
    monkeypatch.setenv("VIGIE_LANGUAGE", "en")
    return installation.settings.home


def key(home: Path, name: str) -> str:
    """A person's key file."""
    return str(home / "keys" / f"{name}.json")


def added(home: Path, version: int = 1) -> None:
    """A version that is valid for long, added by its author."""
    file = home / "p.md"
    file.write_text(protocol_text(version=str(version), valid_until="2199-12-31"), "utf-8")
    assert main(["protocol", "add", str(file), "--key", key(home, "author")]) == 0


def test_the_whole_way(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Added, approved twice, put in use, listed and found."""
    added(home)
    assert "applies only once it is approved" in capsys.readouterr().out
    for name in ("ada", "bob"):
        reviewed = ["protocol", "review", "reserve-beds", "1", "--approve", "--comment", "read"]
        assert main([*reviewed, "--key", key(home, name)]) == 0
    shown = capsys.readouterr().out
    assert "1. Appeler le cadre de garde (Gestionnaire des lits, 15 min)" in shown
    assert "sha256:" in shown
    assert main(["protocol", "search", "capacité"]) == 1  # nothing in use yet
    used = ["protocol", "use", "reserve-beds", "1", "--reason", "winter", "--key", key(home, "releaser")]
    assert main(used) == 0
    capsys.readouterr()
    assert main(["protocol", "list", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["protocol"], one["version"], one["approvals"], one["in_use"]) == (
        "reserve-beds",
        1,
        ["ada", "bob"],
        True,
    )
    assert main(["protocol", "search", "CAPACITES", "--unit", "MED-A"]) == 0
    assert "Ouvrir les lits de réserve" in capsys.readouterr().out
    assert main(["protocol", "list", "--language", "fr"]) == 0
    assert "en vigueur" in capsys.readouterr().out


def test_a_file_with_faults_is_refused_with_all_of_them(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the language asked for, and nothing is kept."""
    file = home / "p.md"
    file.write_text(protocol_text(version="0", owner="", id='"Été"'), "utf-8")
    assert main(["protocol", "add", str(file), "--key", key(home, "author"), "--language", "fr"]) == 2
    error = capsys.readouterr().err
    for part in ("id\u00a0: un nom", "version\u00a0: en deçà", "owner\u00a0: manque"):
        assert part in error
    assert not (home / "protocols").exists()


def test_what_cannot_be_put_in_use_says_why(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An error of its own kind, and exit code 2."""
    added(home)
    used = ["protocol", "use", "reserve-beds", "1", "--reason", "winter", "--key", key(home, "releaser")]
    assert main(used) == 2
    assert "0 of 2 approvals" in capsys.readouterr().err
