"""A replay from the command line: the service's address and token, what is replayed, and what is said of it."""

import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hospital.errors import VigieError
from hospital.words.catalogue import text
from hospital.words.numbers import number

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from cli.feed.feed_source import FeedSource
    from cli.feed.replay import Replay, ReplayBegin
    from hospital.words.language import Language

__all__ = [
    "day_to_replay",
    "feed_words",
    "folder_to_replay",
    "run_replay",
    "service_address",
    "service_token",
]


def run_replay(replay: "Replay", name: str, zone: "ZoneInfo", language: "Language") -> int:
    """Runs a replay and says what it did; the exit code, 130 where somebody stopped it.

    Args:
        name: of what is replayed.
        zone: of the hospital's clock.
    """
    from cli.progress import bar

    with bar() as progress:
        try:
            end = replay.run(
                lambda begun: print(_begun(begun, name, language), file=sys.stderr),
                lambda at, done: progress(_written(at, zone, language), done),
            )
        except KeyboardInterrupt:
            print(f"\n{feed_words('stopped', language)}", file=sys.stderr)
            return 130
    print(feed_words("ended", language, rows=number(end.rows, language), late=number(end.latest, language)))
    return 0


def _begun(begun: "ReplayBegin", name: str, language: "Language") -> str:
    first = [feed_words("resumed", language)] if begun.resumed else []
    words = feed_words(
        "begun",
        language,
        source=name,
        url=begun.url,
        rows=number(begun.rows, language),
        speed=number(begun.speed, language, 0 if begun.speed >= 1 else 2),
    )
    return "\n".join([*first, words])


def folder_to_replay(
    data: Path, mapping: Path | None, begin: datetime | None, language: "Language"
) -> "FeedSource":
    """The tables of a folder.

    Raises:
        VigieError: they are wrong, or `begin` lies outside them.
    """
    from cli.feed.feed_source import folder_source
    from hospital.mapping.mapping_file import load_mapping
    from hospital.times import instant

    at = None if begin is None else instant(begin)
    source = folder_source(data, load_mapping(mapping) if mapping else None, at)
    if at is not None and not source.first <= at < source.last:
        asked, first, last = (_written(t, source.zone, language) for t in (at, source.first, source.last))
        raise VigieError(feed_words("begin_outside", language, begin=asked, first=first, last=last))
    return source


def _written(at: int, zone: "ZoneInfo", language: "Language") -> str:
    """An instant as the hospital's clock has it."""
    from hospital.times import moment
    from hospital.words import formats

    return formats.date_time(moment(at).astimezone(zone), language)


def day_to_replay(simulated: date, seed: int, scale: float, busy: float) -> "FeedSource":
    """A simulated day."""
    from cli.feed.feed_source import SimulatedDay, simulated_source
    from cli.progress import bar

    with bar() as progress:
        return simulated_source(
            SimulatedDay(simulated, seed, scale, busy), lambda done: progress("simulate", done)
        )


def service_address(url: str, language: "Language") -> str:
    """The service's address, without a slash at its end.

    Raises:
        VigieError: it is none.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.username or parts.query or parts.fragment or parts.path not in ("", "/"):
        raise VigieError(feed_words("bad_url", language))
    return url.rstrip("/")


def service_token(file: Path | None, language: "Language") -> str:
    """The token in a file, or the environment's.

    Raises:
        VigieError: there is none.
    """
    from registry.digests import read_plain_file

    token = (
        os.environ.get("VIGIE_TOKEN", "")
        if file is None
        else read_plain_file(file).decode("ascii", "replace")
    )
    token = token.strip()
    if not token or not token.isascii() or any(c.isspace() for c in token):
        raise VigieError(feed_words("token_missing", language))
    return token


def feed_words(key: str, language: "Language", **places: object) -> str:
    """A text of the replay."""
    return text(f"feed.{key}", language, None, **places)
