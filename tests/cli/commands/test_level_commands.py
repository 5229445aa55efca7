"""`vigie levels check` and `decisions check`: a policy in words, or every fault of it."""

import re
from pathlib import Path

import pytest

from cli.main import main
from hospital.words.catalogue import has_text
from tests.centre.decisions.policy_texts import policy_text
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
    assert "version\u00a0: trop petit\u00a0: 1 au moins" in done.err
    assert "levels[0].conditions[0].threshold\u00a0: n'est pas un nombre fini" in done.err


def test_who_decides_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each person with roles and units; one whose role needs a training that nobody gave them is named: code 1."""
    file = tmp_path / "d.toml"
    file.write_text(policy_text(), "utf-8")
    assert main(["decisions", "check", str(file), "--language", "en"]) == 0
    shown = capsys.readouterr().out
    assert "Head nurse A: Cadre de garde (U1, U3)" in shown
    assert "Head nurse B: Cadre de garde (all units and the hospital)" in shown
    file.write_text(
        policy_text().replace('trainings = ["crisis-lead"]', 'trainings = ["crisis-lead", "beds"]'), "utf-8"
    )
    assert main(["decisions", "check", str(file), "--language", "fr"]) == 1
    shown = capsys.readouterr().out
    assert (
        shown.count(
            "ne peut pas décider en tant que Cadre de garde tant que ces formations manquent\u00a0: beds"
        )
        == 3
    )
    assert "incomplète" in shown
    nobody = policy_text().split("[[deciders]]")[0]
    file.write_text(nobody, "utf-8")
    assert main(["decisions", "check", str(file), "--language", "en"]) == 1
    assert "Nobody is named" in capsys.readouterr().out


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_fault_of_a_policy_of_decisions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    """By path and in words: what each key shows, and what none shows alone; a faulty list is not called too short."""
    text = policy_text(more='[[webhooks]]\nname = "x"\nurl = "http://x"\n[oversight]\nenabled = true\n')
    text = text.replace('"07:00", "14:00", "21:00"', '"21:00", "14:00", "7:00"').replace(
        '"known_better"', '"A b"'
    )
    file = tmp_path / "d.toml"
    file.write_text(
        text.replace('code = "as_recommended"', 'code = "B c"').replace("version = 3", ""), "utf-8"
    )
    assert main(["decisions", "check", str(file), "--language", language]) == 2
    done = capsys.readouterr()
    assert done.out == ""
    lines = done.err.replace("\u00a0", " ").splitlines()[1:]
    colon = " : " if language == "fr" else ": "
    paths = [line.split(colon)[0] for line in lines]
    assert set(paths) == {
        "oversight.announced_on",
        "reasons[0].code",
        "reasons[1].code",
        "shift_starts",
        "shift_starts[2]",
        "version",
        "webhooks[0].url",
    }
    assert len(paths) == 7
    assert all(len(line.split(colon, 1)[1]) > 5 for line in lines)
    assert "07:00" in done.err


def test_every_code_of_a_fault_has_words() -> None:
    """Those that a policy of decisions is refused with, too: none is shown as its code."""
    for module in ("decisions/decision_policy.py", "levels/level_policy.py"):
        source = (ROOT / "centre" / module).read_text("utf-8")
        codes = re.findall(r'PolicyFault\([^,\n]+, "([a-z_0-9]+)"', source) + re.findall(
            r': "(not_a_[a-z]+)"', source
        )
        assert len(codes) > 5
        for code in codes:
            assert has_text(f"levels.faults.{code}"), code


@pytest.mark.parametrize("content", [b"", b"\xff", b"= 1", None])
def test_what_is_no_policy_of_decisions_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    """Empty, not UTF-8, no TOML, not there."""
    file = tmp_path / "d.toml"
    if content is not None:
        file.write_bytes(content)
    assert main(["decisions", "check", str(file), "--language", "en"]) == 2
    assert "file" in capsys.readouterr().err
