"""The model card as one page that needs nothing else, for people who are no statisticians."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from hospital.markup import page, page_style
from hospital.page_pieces import Piece
from hospital.words.language import Language
from registry.cards.fairness_section import Fairness
from registry.cards.figure_sections import Calibration, Performance
from registry.cards.finding_text import Words
from registry.cards.hospital_total_section import Hospital
from registry.cards.reference_sections import Data, Efficiency, Identity, Law, Limits
from registry.cards.summary_sections import Ask, Brief, Later, Overrides, Purpose, Title
from registry.cards.tension.admission_section import Admission
from registry.cards.tension.boarding_section import Boarding
from registry.cards.tension.exceedance_section import Tension
from registry.cards.tension.total_section import TensionTotals
from registry.cards.verdicts_section import Verdicts

__all__ = ["render_html"]

_CONTENTS = (
    "ask",
    "purpose",
    "verdicts",
    "error",
    "calibration",
    "hospital",
    "tension",
    "tension_totals",
    "admission",
    "boarding",
    "fairness",
    "efficiency",
    "data",
    "limits",
    "law",
    "identity",
)


def render_html(
    card: Mapping[str, Any],
    language: Language,
    *,
    later: Sequence[tuple[str, str]] = (),
    overrides: Mapping[str, Any] | None = None,
) -> str:
    """The page of a card (``card.json``).

    Args:
        later: what happened since, (what, how much) in the page's language: shown beside what was signed.
        overrides: what people decided against it since its release (`GET /v1/models/{name}/overrides`): shown likewise.
            None: it is not in use.
    """
    words, title = Words.of(card, language), Title.of(card)
    sections = (
        Brief.of(card),
        Ask.of(card),
        Later(later),
        Overrides(overrides),
        Purpose(str(card["model"])),
        Verdicts.of(card),
        Performance(card["performance"]),
        Calibration.of(card),
        Hospital.of(card),
        Tension.of(card, words),
        TensionTotals.of(card),
        Admission.of(card),
        Boarding.of(card),
        Fairness(card["groups"]),
        Efficiency.of(card),
        Data(card["data"], card["groups"]),
        Limits.of(card),
        Law(),
        Identity(card),
    )
    body: list[Piece] = [piece for part in sections for piece in part.pieces(words)]
    return page(
        language=language,
        title=f"{words.t('card')} – {title.text(words)}",
        style=_style(),
        head=title.pieces(words),
        body=body,
        contents=(words.t("contents"), {anchor: words.t(anchor) for anchor in _CONTENTS}),
        footer=words.t("footer"),
    )


@cache
def _style() -> str:
    return page_style() + files("registry.cards").joinpath("templates", "card.css").read_text("utf-8")
