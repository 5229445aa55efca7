"""Protocols as files: what a sound one holds, and every fault of the others at once."""

import os
from datetime import date
from pathlib import Path

import pytest

from centre.practice.protocol_file import ProtocolError, lines, protocol_bytes, read_protocol
from tests.centre.practice.protocol_texts import SURGE, protocol_text, write
from tests.support.repository import ROOT


def faults(text: str | bytes) -> dict[str, str]:
    """(case by path) of a protocol that cannot be read."""
    with pytest.raises(ProtocolError) as error:
        read_protocol(text if isinstance(text, bytes) else text.encode())
    assert all(line for language in ("fr", "en") for line in lines(error.value.faults, language))
    return {fault.path: fault.code for fault in error.value.faults}


def test_a_sound_protocol_is_what_its_file_says() -> None:
    """Steps in their order, skills once each, the digest of the bytes."""
    found = read_protocol(SURGE.encode())
    assert (found.protocol_id, found.version, found.title) == (
        "reserve-beds",
        2,
        "Ouvrir les lits de réserve",
    )
    assert [(s.action, s.within_minutes, s.two_people) for s in found.steps] == [
        ("Appeler le cadre de garde", 15, False),
        ("Armer les capacités de réserve", None, True),
    ]
    assert found.skills == ("ventilation", "polyvalence")
    assert found.body.startswith("# Quand\n")
    assert found.digest.startswith("sha256:")
    assert found.digest != read_protocol(protocol_text(version="3").encode()).digest


@pytest.mark.parametrize("changed", [SURGE.replace("\n", "\r\n"), "\ufeff" + SURGE, "\n\n" + SURGE])
def test_line_ends_and_marks_of_other_systems_change_nothing(changed: str) -> None:
    """But the digest, which is that of the bytes that were signed."""
    here, there = read_protocol(SURGE.encode()), read_protocol(changed.encode())
    assert (there.title, there.steps, there.body) == (here.title, here.steps, here.body)
    assert there.digest != here.digest


def test_it_is_valid_from_its_first_to_its_last_day() -> None:
    """Both included."""
    found = read_protocol(SURGE.encode())
    days = [date(2024, 12, 31), date(2025, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [found.is_valid(day) for day in days] == [False, True, True, False]


def test_it_is_for_the_units_that_it_names_or_for_all() -> None:
    """A star alone means every unit."""
    assert read_protocol(SURGE.encode()).is_for("MED-A")
    assert not read_protocol(SURGE.encode()).is_for("MED")
    assert read_protocol(protocol_text(units='["*"]').encode()).is_for("MED")


def test_every_fault_is_said_at_once() -> None:
    """Six of six, each by its path."""
    text = protocol_text(id='"Réserve"', version="0", owner="", language='"de"', levels='["2", "2"]').replace(
        "within_minutes = 15", "within_minutes = 15\ncall = true"
    )
    assert faults(text) == {
        "id": "not_a_name",
        "version": "below",
        "language": "beyond",
        "owner": "missing_key",
        "steps[0].call": "unknown_key",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (protocol_text(valid_until="2024-12-31"), {"valid_until": "ends_before_it_begins"}),
        (protocol_text(units='["*", "MED-A"]'), {"units": "every_unit_and_more"}),
        (protocol_text(levels='["2", "2"]'), {"levels": "repeated"}),
        (protocol_text(units='["MED-A", "med-a"]'), {"units": "repeated"}),
        (protocol_text(validated_by='"CME"'), {"validated_by": "wrong_kind"}),
        (protocol_text(version='"2"'), {"version": "wrong_kind"}),
        (protocol_text(title='"  "'), {"title": "below"}),
        (protocol_text(title=f'"{"a" * 201}"'), {"title": "beyond"}),
        (protocol_text(title='"Lits\\nApproved by everybody"'), {"title": "not_one_line"}),
        (protocol_text(owner='"Soins\\u001b[1A"'), {"owner": "not_one_line"}),
        (SURGE.replace("Appeler le cadre", "Appeler\\tle cadre"), {"steps[0].action": "not_one_line"}),
        (SURGE.partition("+++\n# Quand")[0] + "+++\n \n", {"file": "no_body"}),
        ("---\nid: x\n---\ntext\n", {"file": "no_front_matter"}),
        ("# a title\n" + SURGE, {"file": "no_front_matter"}),
        (SURGE.replace("\n+++\n", "\n"), {"file": "open_front_matter"}),
        (protocol_text(owner="Direction des soins"), {"file:8": "not_toml"}),
        (SURGE.encode("utf-16"), {"file": "not_utf8"}),
        ("", {"file": "no_front_matter"}),
    ],
)
def test_what_is_wrong_is_named_by_its_place(text: str | bytes, expected: dict[str, str]) -> None:
    """A line of the front matter by its number in the file, a key by its path."""
    assert faults(text) == expected


def test_no_value_is_said_again() -> None:
    """A key or text may hold what must be in no log."""
    with pytest.raises(ProtocolError) as error:
        read_protocol(protocol_text(version='"DUPONT"', owner="").encode())
    assert "DUPONT" not in str(error.value)


def test_a_file_is_read_as_its_bytes(tmp_path: Path) -> None:
    """A file that is not there, a folder, a pipe and a huge file are refused without waiting."""
    assert protocol_bytes(write(tmp_path, SURGE)) == SURGE.encode()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "huge").write_bytes(b"x" * 1_000_001)
    for name, case in [
        (".", "unreadable"),
        ("none", "unreadable"),
        ("pipe", "unreadable"),
        ("huge", "too_large"),
    ]:
        with pytest.raises(ProtocolError) as error:
            protocol_bytes(tmp_path / name)
        assert [f.code for f in error.value.faults] == [case]


def test_the_example_of_the_document_is_a_protocol() -> None:
    """As it stands in docs/practice.md."""
    block = (ROOT / "docs" / "practice.md").read_text("utf-8").split("```toml\n")[1].split("```")[0]
    assert read_protocol(block.encode()).skills == ("ventilation",)
