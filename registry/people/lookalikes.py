"""Letters of the Latin script that have no plain one beneath them, and plain ones that look alike in most founts."""

from collections.abc import Mapping

__all__ = ["LATIN_LETTERS", "LOOKALIKES", "TWO_LETTERS"]

LATIN_LETTERS: Mapping[str, str] = {
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ı": "i",
    "ħ": "h",
    "ŧ": "t",
    "ŋ": "n",
}
"""In names of people in Europe; what is in no such name, as small capitals and phonetic letters, is no letter here."""

LOOKALIKES: tuple[tuple[str, str], ...] = (
    ("rn", "m"),
    ("vv", "w"),
    ("cl", "d"),
    ("0", "o"),
    ("1", "l"),
    ("i", "l"),
    ("j", "l"),
    ("2", "z"),
    ("3", "e"),
    ("4", "a"),
    ("5", "s"),
    ("7", "t"),
    ("8", "b"),
    ("9", "g"),
)
"""What is read as the other, after capitals are gone: I, l and 1 are one stroke."""

TWO_LETTERS: tuple[tuple[str, str], ...] = (("aa", "a"), ("ae", "a"), ("oe", "o"), ("ue", "u"), ("ss", "s"))
"""How an accent, a ring or a ligature is written where there is none: Müller and Mueller, Ødegård and Oedegaard."""
