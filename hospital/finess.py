"""FINESS numbers: what names a health establishment in France."""

import re

__all__ = ["is_finess", "key_digit_fits"]

_FORM = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{7}")


def is_finess(text: str) -> bool:
    """Whether a text has the form: nine characters, a department (2A and 2B are Corsica's) and seven digits."""
    return _FORM.fullmatch(text) is not None


def key_digit_fits(number: str) -> bool:
    """Whether the last digit is the key of the others by Luhn's formula; of Corsica's, with letters, nothing is known.

    Args:
        number: as `is_finess` takes it.
    """
    if not number.isdigit():
        return True
    digits = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(number))]
    return sum(d // 10 + d % 10 for d in digits) % 10 == 0
