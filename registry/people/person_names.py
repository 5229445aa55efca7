"""Names of people: in one script, and folded, so that no spelling makes a second person of somebody.

Capitals, accents, width, hyphens for spaces, the order of first and last name, a number or a title beside it do not
count, nor do letters that look alike (1 and l, 0 and O, rn and m) or the letter that stands for an accent (Müller,
Mueller); an initial is any name that begins with it, and may be left out.
Letters of other scripts than Latin are refused: each has some that look like Latin ones.
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from itertools import permutations

from registry.people.lookalikes import LATIN_LETTERS, LOOKALIKES, TITLES, TWO_LETTERS

__all__ = ["NAME_RULE", "is_person_name", "same_person"]

NAME_RULE = "trust_errors.keys.name"
"""The key of the rule's text."""
_NAME = re.compile(r"[^\W_](?:[\w .'’-]{0,62}[\w.])?")
_BETWEEN = re.compile(r"[\W_]+")
_NUMBER_BESIDE = re.compile(r"^[0-9]+|[0-9]+$")
_MOST_WORDS = 4
"""In how many words every order is looked at: more are compared as they stand and sorted."""


def is_person_name(name: str) -> bool:
    """Whether a text serves as a person's name: 1 to 64 Latin letters, digits, spaces and ``.'’-_``; no path."""
    plain = _plain(name)
    return _NAME.fullmatch(name) is not None and ".." not in name and plain.isascii() and plain.isprintable()


def same_person(one: str, other: str) -> bool:
    """Whether two names may be one person's: no two of the people whom an installation trusts may be."""
    return not _spellings(one).isdisjoint(_spellings(other)) or _abbreviates(one, other)


@lru_cache(maxsize=1024)
def _spellings(name: str) -> frozenset[str]:
    """What is left of a name, in each order of its words; a number that is not all of it may be left out."""
    named = _named(name)
    bare = [_NUMBER_BESIDE.sub("", word) or word for word in named]
    return frozenset(
        spelling
        for written in (named, bare)
        for order in _orders(written)
        for spelling in _looks("".join(order))
    )


def _named(name: str) -> list[str]:
    """The words of a name without numbers and titles, unless it has no other."""
    words = [word for word in _BETWEEN.split(_plain(name)) if word]
    return [word for word in words if not word.isdigit() and word not in TITLES] or words


def _abbreviates(one: str, other: str) -> bool:
    """Whether two names with a word in common differ by initials alone, which stand for a word or may be left out."""
    left, right = Counter(map(_look, _named(one))), Counter(map(_look, _named(other)))
    common = left & right
    if all(len(word) == 1 for word in common):
        return False
    left, right = left - common, right - common
    if not _stand_for(left, right) or not _stand_for(right, left):
        return False
    return not (left and right)


def _stand_for(initials: "Counter[str]", names: "Counter[str]") -> bool:
    """Takes from both what an initial stands for; whether every name found one."""
    for name in [word for word in names.elements() if len(word) > 1]:
        if not initials[name[0]]:
            return False
        initials[name[0]] -= 1
        names[name] -= 1
    for counts in (initials, names):
        counts += Counter()
    return True


def _orders(words: list[str]) -> list[list[str]]:
    if len(words) > _MOST_WORDS:
        return [words, sorted(words)]
    return [list(order) for order in permutations(words)]


def _plain(name: str) -> str:
    """Without capitals, accents and width; Latin letters that have no plain one beneath them as they are replaced."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    letters = (LATIN_LETTERS.get(c, c) for c in folded if not unicodedata.combining(c))
    return "".join(letters).replace("’", "'")


def _looks(text: str) -> tuple[str, str]:
    """As it is read at a glance, and the same with one letter for the two that stand for an accented one."""
    short = text
    for letters, like in TWO_LETTERS:
        short = short.replace(letters, like)
    return _look(text), _look(short)


def _look(text: str) -> str:
    for letters, like in LOOKALIKES:
        text = text.replace(letters, like)
    return text
