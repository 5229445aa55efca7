"""Who reads what the command line says: the language of the help, of wrong usage and of errors."""

import os

from hospital.words.language import LANGUAGES, Language

__all__ = ["spoken_language"]


def spoken_language() -> Language:
    """The language that VIGIE_LANGUAGE names, before the settings are read; French where it names none."""
    named = next((v for k, v in os.environ.items() if k.upper() == "VIGIE_LANGUAGE"), "")
    return next((language for language in LANGUAGES if language == named), "fr")
