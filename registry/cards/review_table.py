"""What a member of the board is shown before signing: the verdicts, the scope, the difference to the version in use.

All of it is made from what is handed in, which are the very bytes that are signed afterwards.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.plain_console import plain_console
from registry.cards.finding_text import Words
from registry.cards.report_table import print_report, scope_in_words

__all__ = ["InUse", "differences", "print_review"]

Card = Mapping[str, Any]


@dataclass(frozen=True)
class InUse:
    """The release in use, as its card says; `number`: of the release."""

    number: int
    card: Card


def print_review(
    card: Card,
    in_use: InUse | None,
    digests: Mapping[str, str],
    language: Language,
    console: Console | None = None,
) -> None:
    """Prints what is to be signed.

    Args:
        card: of the version, held against its report before.
        in_use: what it would replace; None: nothing is released.
        digests: that are signed, by field.
        language: of the words.
        console: where; None: the terminal.
    """
    console = console or plain_console()
    print_report(card, language, console)
    if in_use is None:
        console.print(text("review.first", language), markup=False)
    else:
        release = str(in_use.number)
        beside = text("review.beside", language, version=str(in_use.card["version"]), release=release)
        console.print(beside, markup=False)
        lines = list(differences(card, in_use.card, language)) or [text("review.same", language)]
        for line in lines:
            console.print(f"  • {line}", markup=False)
    console.print(text("review.signed", language), markup=False)
    for field, digest in digests.items():
        name = text(f"review.digests.{field}", language)
        line = text("review.digest", language, name=name, digest=digest)
        console.print(f"  {line}", markup=False, soft_wrap=True)


def differences(card: Card, former: Card, language: Language) -> Iterator[str]:
    """In which points a version is other than the one in use, a sentence each.

    Args:
        card: of the version.
        former: of the one in use.
        language: of the sentences.
    """
    words, former_words = Words.of(card, language), Words.of(former, language)
    yield from _scope(card, former, words, language)
    yield from _features(card, former, words, former_words)
    yield from _verdicts(card, former, words)
    yield from _errors(card, former, words)
    if card["policy_digest"] != former["policy_digest"]:
        before, after = (f"{c['policy_name']} ({str(c['policy_digest'])[:19]}…)" for c in (former, card))
        yield text("review.policy", language, before=before, after=after)


def _scope(card: Card, former: Card, words: Words, language: Language) -> Iterator[str]:
    for key, of, without in (("scope_added", card, former), ("scope_removed", former, card)):
        cells = [cell for cell in of["scope"] if cell not in without["scope"]]
        if cells:
            yield text(f"review.{key}", language, names=scope_in_words(cells, words))


def _features(card: Card, former: Card, words: Words, former_words: Words) -> Iterator[str]:
    new, old = words.features, former_words.features
    for key, of, without in (("features_added", new, old), ("features_removed", old, new)):
        names = [label for name, label in of.items() if name not in without]
        if names:
            yield text(f"review.{key}", words.language, names=", ".join(names))


def _verdicts(card: Card, former: Card, words: Words) -> Iterator[str]:
    before = {gate["name"]: gate["verdict"] for gate in former["gates"]}
    after = {gate["name"]: gate["verdict"] for gate in card["gates"]}
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            verdicts = [
                words.verdict(verdict) if verdict else text("review.absent", words.language)
                for verdict in (before.get(name), after.get(name))
            ]
            yield text(
                "review.verdict", words.language, gate=words.gate(name), before=verdicts[0], after=verdicts[1]
            )


def _errors(card: Card, former: Card, words: Words) -> Iterator[str]:
    before = {(row["unit_group"], row["horizon_hours"]): row["mae"] for row in former["performance"]}
    for row in card["performance"]:
        key = row["unit_group"], row["horizon_hours"]
        if key not in before or before[key] == row["mae"]:
            continue
        where = scope_in_words([{"unit_group": key[0], "horizon_hours": key[1]}], words)
        figures = [words.number(value, 2) for value in (before[key], row["mae"])]
        yield text("review.error", words.language, where=where, before=figures[0], after=figures[1])
