"""Policies of levels, written by hand."""

from centre.levels.level_policy import LevelPolicy, read_level_policy

__all__ = ["POLICY", "WORDS", "condition", "policy"]

POLICY = """
name = "ours"
version = 3
source = "a decision of the hospital"
title = { fr = "Nos niveaux", en = "Our levels" }

[[levels]]
name = "full"
title = { fr = "Plein", en = "Full" }
probability = 0.5
conditions = [{ indicator = "beds_needed_above_staffed", side = "above", threshold = 0 }]

[[levels]]
name = "crowded"
title = { fr = "Saturé", en = "Crowded" }
conditions = [{ indicator = "EDWIN", side = "above", threshold = 2 }]
"""
WORDS = 'title = { fr = "a", en = "b" }\n'


def policy(*levels: str) -> LevelPolicy:
    """A policy of these levels, each its keys and conditions."""
    text = "".join(f'[[levels]]\nname = "l{n}"\n{WORDS}{level}' for n, level in enumerate(levels, 1))
    return read_level_policy(f'name = "p"\nversion = 7\nsource = "s"\n{WORDS}{text}'.encode())


def condition(indicator: str, side: str, threshold: float | None) -> str:
    """One condition in TOML."""
    last = "" if threshold is None else f"threshold = {threshold}\n"
    return f'[[levels.conditions]]\nindicator = "{indicator}"\nside = "{side}"\n{last}'
