"""Codes that are numbers: a program that once held them as numbers writes 3.0 for the code 3."""

import re

__all__ = ["FREE_TEXTS", "SCIENTIFIC", "whole_code"]

FREE_TEXTS = frozenset(("label", "label_fr", "label_en", "reason"))
"""Texts that are no codes, and stay as they are written."""
_WHOLE = re.compile(r"([+-]?\d+)[.,]0+", re.ASCII)

SCIENTIFIC = re.compile(r"[+-]?\d+[.,]\d+[eE][+-]?\d+|[+-]?\d+[eE][+]\d+|##+")
"""A number in scientific notation, or what a spreadsheet shows where there is no room: nothing tells an id by it."""


def whole_code(text: str) -> str:
    """A whole number without its decimals (3 for 3.0 and 3,0), any other text as it is."""
    match = _WHOLE.fullmatch(text)
    return text if match is None else match[1]
