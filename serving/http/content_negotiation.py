"""Which form of an answer the sender prefers, by its Accept header (RFC 9110, section 12.5.1)."""

from collections.abc import Mapping, Sequence

from hospital.words.language import LANGUAGES, Language

__all__ = ["preferred_language", "preferred_type"]


def preferred_type(accept: str, offered: Sequence[str]) -> str:
    """The media type of `offered` that is accepted most.

    A type that is named counts before one that a wildcard covers, so a browser, which names HTML and takes anything
    else for want of it, gets the page. Where several are accepted alike, and where none is, the first one offered.

    Args:
        accept: the header as it was sent; "" where there was none.
        offered: lower case, the usual one first.
    """
    ranges = _ranges(accept)
    return max(offered, key=lambda media: _quality(media, ranges))  # the first of several


def preferred_language(accept: str) -> Language:
    """The language that is accepted most, by an Accept-Language header; of several alike the first that is named.

    English, in which applications know the problems of the interface, where neither is accepted.

    Args:
        accept: the header as it was sent; "" where there was none.
    """
    ranges = _ranges(accept)
    named = [(quality, tag.partition("-")[0]) for tag, quality in ranges.items() if quality > 0]
    best = max((quality for quality, tag in named if tag in LANGUAGES), default=0.0)
    wanted = [tag for quality, tag in named if quality == best]
    return next((language for tag in wanted for language in LANGUAGES if language == tag), "en")


def _ranges(accept: str) -> dict[str, float]:
    """Quality by media range; one that is no number counts as 0, as one that is not wanted."""
    ranges: dict[str, float] = {}
    for part in accept.lower().split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                quality = _number(value.strip())
        if media:
            ranges[media] = max(quality, ranges.get(media, 0.0))
    return ranges


def _number(text: str) -> float:
    """A quality: 0 to 1, three decimals at most."""
    whole, _, decimals = text.partition(".")
    if (
        whole not in ("0", "1")
        or len(decimals) > 3
        or (decimals and not (decimals.isascii() and decimals.isdigit()))
    ):
        return 0.0
    return min(float(text), 1.0)


def _quality(media: str, ranges: Mapping[str, float]) -> tuple[float, int]:
    """(quality by the range that says most of the media type, how much it says: 2 the type itself, 0 anything)."""
    kind = media.partition("/")[0]
    for exactness, name in ((2, media), (1, f"{kind}/*"), (0, "*/*")):
        if name in ranges:
            quality = ranges[name]
            return (quality, exactness) if quality > 0 else (0.0, 0)
    return 0.0, 0
