"""`vigie levels check`: a policy in words, or every fault of it."""

from pathlib import Path

import pytest

from cli.main import main
from tests.support.repository import ROOT

pytestmark = pytest.mark.usefixtures("english")

WHOLE = """name = "ours"
version = 2
title = { fr = "Nos niveaux", en = "Our levels" }
source = "board"
[[levels]]
name = "one"
title = { fr = "Un", en = "One" }
probability = 0.995
[[levels.conditions]]
indicator = "admission_rate"
side = "above"
threshold = 0.325
"""


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Our levels, version 2", "admission rate (0 to 1): above 0.325", "99.5%")),
        ("fr", ("Nos niveaux, version 2", "au-dessus de 0,325", "99,5")),
    ],
)
def test_a_whole_policy_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, words: tuple[str, ...]
) -> None:
    """Thresholds as they were written, not rounded to others."""
    (tmp_path / "l.toml").write_text(WHOLE, "utf-8")
    assert main(["levels", "check", str(tmp_path / "l.toml"), "--language", language]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in words), out


@pytest.mark.parametrize("name", ["hopital-en-tension", "aphp-three-levels", "nhs-opel"])
def test_a_shipped_policy_lacks_thresholds(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It can be read; what the hospital has to add is said, and the exit code is 1."""
    file = ROOT / "centre" / "levels" / "policies" / f"{name}.toml"
    assert main(["levels", "check", str(file), "--language", "en"]) == 1
    out = capsys.readouterr().out
    assert "missing" in out
    assert "incomplete" in out


def test_every_fault_by_path_in_the_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one answer, with exit code 2; nothing is shown of a policy that is none."""
    (tmp_path / "l.toml").write_text(
        WHOLE.replace("version = 2", "version = 0").replace("0.325", "inf"), "utf-8"
    )
    assert main(["levels", "check", str(tmp_path / "l.toml"), "--language", "fr"]) == 2
    done = capsys.readouterr()
    assert done.out == ""
    assert "version : trop petit : 1 au moins" in done.err
    assert "levels[0].conditions[0].threshold : n'est pas un nombre fini" in done.err
