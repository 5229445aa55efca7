"""The model card as one page that needs nothing else, for people who are no statisticians."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from hospital.markup import page, paragraph
from hospital.words.language import Language
from registry.cards.efficiency_section import Efficiency
from registry.cards.fairness_section import Fairness
from registry.cards.figure_sections import Calibration, Performance, Verdicts
from registry.cards.formats import Words
from registry.cards.hospital_total_section import Hospital
from registry.cards.summary_sections import (
    Ask,
    Brief,
    Data,
    Identity,
    Later,
    Law,
    Limits,
    Purpose,
    Section,
    Title,
)
from registry.cards.texts import STYLE

__all__ = ["render_html"]

_CONTENTS = (
    "ask",
    "purpose",
    "verdicts",
    "error",
    "calibration",
    "hospital",
    "fairness",
    "efficiency",
    "data",
    "limits",
    "law",
    "identity",
)


def render_html(card: Mapping[str, Any], language: Language, *, later: Sequence[tuple[str, str]] = ()) -> str:
    """The page of a card (``card.json``).

    Args:
        later: what happened since, (what, how much) in the page's language: shown beside what was signed.
    """
    words, title = Words.of(card, language), Title.of(card)
    sections: tuple[Section, ...] = (
        title,
        Brief.of(card),
        Ask.of(card),
        Later(later),
        Purpose(str(card["model"])),
        Verdicts.of(card),
        Performance(card["performance"]),
        Calibration.of(card),
        Hospital.of(card),
        Fairness(card["groups"]),
        Efficiency.of(card),
        Data(card["data"]),
        Limits.of(card),
        Law(),
        Identity(card),
    )
    rendered = [part.render(words) for part in sections]
    body = rendered[0] + _contents(words, "".join(rendered)) + "".join(rendered[1:])
    footer = f"<footer>{paragraph(words.t('footer'))}</footer>"
    name = f"{words.t('card')} – {title.text(words)}"
    return page(language=language, title=name, style=STYLE, body=body + footer)


def _contents(words: Words, body: str) -> str:
    links = "".join(
        f'<a href="#{anchor}">{escape(words.t(anchor))}</a> '
        for anchor in _CONTENTS
        if f'id="{anchor}"' in body
    )
    return f'<nav aria-label="{escape(words.t("contents"))}">{links}</nav>'
