"""Letters of the Latin script that have no plain one beneath them, plain ones that look alike, and titles of people."""

from collections.abc import Mapping

__all__ = ["LATIN_LETTERS", "LOOKALIKES", "TITLES", "TWO_LETTERS"]

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
    ("6", "b"),
    ("7", "t"),
    ("8", "b"),
    ("9", "g"),
)
"""What is read as the other, after capitals are gone: I, l and 1 are one stroke."""

TWO_LETTERS: tuple[tuple[str, str], ...] = (("aa", "a"), ("ae", "a"), ("oe", "o"), ("ue", "u"), ("ss", "s"))
"""How an accent, a ring or a ligature is written where there is none: Müller and Mueller, Ødegård and Oedegaard."""

TITLES = frozenset(
    {
        "dr",
        "doctor",
        "docteur",
        "pr",
        "prof",
        "professor",
        "professeur",
        "mr",
        "mrs",
        "ms",
        "miss",
        "mme",
        "mlle",
        "monsieur",
        "madame",
        "mademoiselle",
        "md",
        "phd",
        "jr",
        "sr",
        "junior",
        "senior",
        "ii",
        "iii",
        "iv",
    }
)
"""What stands before or behind a name, in French and English, and makes nobody else of its bearer."""
