"""Pages with forms for what stands above serving: what was sent stays, and sent twice it is written once."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.responses import RedirectResponse, Response

from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import LANGUAGES, Language
from serving.gateway.endpoint import Call, Parameter
from serving.gateway.request_reading import FORM_KEY
from serving.pages.rendering import LANGUAGE, SEES_PAGES, language_of, render

__all__ = [
    "LANGUAGE",
    "SEES_PAGES",
    "WORDS_IN",
    "csv_response",
    "form_page",
    "moved_to",
    "number_words",
    "sent_language",
    "spoken_to",
]

WORDS_IN = {
    "language": Parameter(
        {"type": "string", "enum": list(LANGUAGES)}, "of the words in the answer; default: the service's"
    )
}
"""The query parameter of an answer for programs that has words in it."""
spoken_to = language_of
"""The language that an answer is asked for in."""


def sent_language(call: Call) -> Language:
    """The language of the page that a form was sent from, or that is asked for."""
    sent = call.body.get("language") if isinstance(call.body, Mapping) else None
    return sent if sent in LANGUAGES else language_of(call)


def form_page(
    call: Call, folder: Path, template: str, words: str, *, status: int = 200, **values: Any
) -> Response:
    """A page from a template of a folder; its form has a key of its own, unless one was sent.

    Args:
        words: the subject of the catalogue that the template's ``w`` reads.
        values: of the template; ``sent``: what was written already.
    """
    sent = {FORM_KEY: secrets.token_hex(16), **values.pop("sent", {})}
    language = sent_language(call)
    return render(
        template,
        language,
        status,
        folder=folder,
        words=words,
        sent=sent,
        caller=call.caller.name,
        plain=lambda key, **places: text(key, language, None, **places),
        beds=lambda value: formats.quantity(value, "beds", language, 0),
        decimal=lambda value: whole_or_tenth(value, language),
        signed=lambda value: formats.quantity(value, "beds", language, 1, plus=True),
        **values,
    )


def whole_or_tenth(value: float, language: Language) -> str:
    """A number as people count: whole where it is, to a tenth where it is not."""
    return formats.number(value, language, 0 if float(value).is_integer() else 1)


def number_words(call: Call, value: float, digits: int) -> str:
    """A number in the language of the page."""
    return formats.number(value, sent_language(call), digits)


def moved_to(address: str) -> Response:
    """After a form was taken: to where what came of it is shown."""
    return RedirectResponse(address, 303)


def csv_response(content: str, name: str) -> Response:
    """A table as a file that is saved, for spreadsheets: with the mark by which they know UTF-8."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response("\ufeff" + content, media_type="text/csv", headers=headers)
