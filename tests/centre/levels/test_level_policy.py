"""A policy of levels: every fault at once, by its path."""

from pathlib import Path

import pytest

from centre.levels.level_policy import LevelPolicyError, read_level_policy, read_level_policy_file
from centre.levels.shipped_policies import SHIPPED, shipped_policy
from hospital.words.catalogue import has_text
from tests.support.repository import ROOT

HEAD = 'name = "ours"\nversion = 2\ntitle = { fr = "Nos niveaux", en = "Our levels" }\nsource = "board"\n'
LEVEL = '[[levels]]\nname = "one"\ntitle = { fr = "Un", en = "One" }\n'
CONDITION = '[[levels.conditions]]\nindicator = "visits"\nside = "above"\nthreshold = 120\n'


def faults(content: str | bytes) -> dict[str, str]:
    """Code of each fault, by path."""
    with pytest.raises(LevelPolicyError) as refused:
        read_level_policy(content if isinstance(content, bytes) else content.encode())
    assert all(has_text(f"levels.faults.{f.code}") for f in refused.value.faults)
    return {f.path: f.code for f in refused.value.faults}


def test_a_whole_policy_is_read() -> None:
    """With its version, its words in both languages and a threshold that a hospital wrote without a point."""
    policy = read_level_policy((HEAD + LEVEL + CONDITION).encode())
    assert (policy.version, policy.title.fr, policy.levels[0].conditions[0].threshold) == (
        2,
        "Nos niveaux",
        120,
    )


def test_every_fault_is_said_at_once() -> None:
    """Keys that are unknown, missing, of another kind, out of range, not finite; and what contradicts itself."""
    text = (
        'name = "Our levels"\nversion = true\ntitle = { fr = " " }\n'
        + '[[levels]]\nname = "one"\ntitle = { fr = "a", en = "b" }\nat_least = 3\nprobability = 1.0\ncolour = "red"\n'
        + CONDITION
        + '[[levels.conditions]]\nindicator = "waits"\nside = "over"\nthreshold = nan\n'
        + '[[levels]]\nname = "one"\ntitle = { fr = "a", en = "b" }\nat_least = 0\n'
        + CONDITION
        + CONDITION.replace("120", '"120"')
    )
    assert faults(text) == {
        "name": "not_a_name",
        "version": "wrong_kind",
        "title.fr": "blank",
        "title.en": "missing_key",
        "source": "missing_key",
        "levels[0].probability": "not_below",
        "levels[0].colour": "unknown_key",
        "levels[0].conditions[1].indicator": "not_one_of",
        "levels[0].conditions[1].side": "not_one_of",
        "levels[0].conditions[1].threshold": "not_finite",
        "levels[1].at_least": "below",
        "levels[1].conditions[1].threshold": "wrong_kind",
        "levels[0].at_least": "more_than_conditions",
        "levels[1].name": "repeated",
        "levels[1].conditions[1]": "repeated",
    }


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (HEAD, {"levels": "missing_key"}),
        (HEAD + "levels = []\n", {"levels": "shorter"}),
        (HEAD + "levels = [1]\n", {"levels[0]": "wrong_kind"}),
        (HEAD + "levels = 3\n", {"levels": "wrong_kind"}),
        (HEAD + LEVEL + "conditions = 4\n", {"levels[0].conditions": "wrong_kind"}),
        (
            HEAD + LEVEL + CONDITION.replace('"visits"', "[1]"),
            {"levels[0].conditions[0].indicator": "not_one_of"},
        ),
        ("name = \n", {"file:1": "not_toml"}),
        ("a = " + "[" * 5000, {"file": "not_toml"}),
        (b"name = '\xe9'", {"file": "not_utf8"}),
        (HEAD + "version = 3\n" + LEVEL, {"file:5": "not_toml"}),
    ],
)
def test_what_is_no_policy(content: str | bytes, expected: dict[str, str]) -> None:
    """Never a traceback, whatever stands there."""
    assert faults(content) == expected


@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "large"])
def test_a_file_that_cannot_be_read(kind: str, tmp_path: Path) -> None:
    """It is said to be so, and not to lack keys."""
    file = tmp_path / "levels.toml"
    if kind == "folder":
        file.mkdir()
    elif kind != "missing":
        file.write_bytes(b"" if kind == "empty" else b"#" * 1_000_001)
    with pytest.raises(LevelPolicyError) as refused:
        read_level_policy_file(file)
    assert refused.value.faults[0].code == ("too_large" if kind == "large" else "unreadable")


def test_shipped_policies_are_read_and_invent_no_threshold() -> None:
    """The rule of three of six is FEDORU's in Occitanie; cut-offs are the hospital's."""
    policies = {name: shipped_policy(name) for name in SHIPPED}
    assert [p.name for p in policies.values()] == list(SHIPPED)
    assert [len(p.levels) for p in policies.values()] == [1, 3, 4]
    (tension,) = policies["hopital-en-tension"].levels
    assert (tension.at_least, len(tension.conditions)) == (3, 6)
    conditions = [c for p in policies.values() for level in p.levels for c in level.conditions]
    assert {c.threshold for c in conditions} == {None}


def test_the_example_of_the_document_is_a_policy() -> None:
    """As it stands in docs/levels.md."""
    block = (ROOT / "docs" / "levels.md").read_text("utf-8").split("```toml\n")[1].split("```")[0]
    found = read_level_policy(block.encode())
    assert (found.name, found.version, [level.name for level in found.levels]) == (
        "our-hospital",
        1,
        ["tension"],
    )


def level(name: str, *conditions: tuple[str, str, float], more: str = "") -> str:
    """A level in TOML."""
    head = f'[[levels]]\nname = "{name}"\ntitle = {{ fr = "a", en = "b" }}\n{more}'
    return head + "".join(
        f'[[levels.conditions]]\nindicator = "{i}"\nside = "{side}"\nthreshold = {limit}\n'
        for i, side, limit in conditions
    )


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (
            level("a", ("NEDOCS", "above", 140), ("NEDOCS", "below", 100), more="at_least = 2\n"),
            {"levels[0].conditions[1].threshold": "never_both"},
        ),
        (
            level("a", ("boarders", "above", 12)) + level("b", ("boarders", "above", 6)),
            {"levels[1].conditions[0].threshold": "sooner_than_milder"},
        ),
        (
            level("a", ("free_medicine_surgery_beds", "below", 3))
            + level("b", ("free_medicine_surgery_beds", "below", 9)),
            {"levels[1].conditions[0].threshold": "sooner_than_milder"},
        ),
        (
            level("a", ("boarders", "above", 6), more="probability = 0.5\n")
            + level("b", ("boarders", "above", 6), more="probability = 0.2\n"),
            {"levels[1].probability": "sooner_than_milder"},
        ),
    ],
)
def test_levels_that_contradict_one_another_are_refused(levels: str, expected: dict[str, str]) -> None:
    """Conditions that never hold together; a graver level that is reached before a milder one."""
    assert faults(HEAD + levels) == expected


@pytest.mark.parametrize(
    "levels",
    [
        level("a", ("NEDOCS", "above", 140), ("NEDOCS", "below", 100)),  # either will do
        level("a", ("NEDOCS", "above", 100), ("NEDOCS", "below", 140), more="at_least = 2\n"),
        level("a", ("boarders", "above", 6)) + level("b", ("boarders", "above", 12)),
        level("a", ("boarders", "above", 6), more="probability = 0.2\n")
        + level("b", ("boarders", "above", 6), more="probability = 0.5\n"),
        level("a", ("boarders", "above", 12)) + level("b", ("NEDOCS", "above", 6)),
        level("a", ("boarders", "above", 12), ("visits", "above", 200))
        + level("b", ("boarders", "above", 6)),
    ],
)
def test_levels_that_only_look_alike_are_none(levels: str) -> None:
    """What may both be true stays a policy."""
    assert read_level_policy((HEAD + levels).encode()).levels


def test_choices_are_listed_without_a_word_of_another_language() -> None:
    """The library's own list ends in an English "or"."""
    with pytest.raises(LevelPolicyError) as refused:
        read_level_policy((HEAD + level("a", ("visits", "over", 3))).encode())
    (fault,) = refused.value.faults
    assert fault.places == {"choices": "'above', 'below'"}
