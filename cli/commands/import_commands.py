"""`vigie import` and `feed`: a hospital's history into the service, at once with its receptions, or as it happened."""

import os
import sys
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from cli.arguments import LanguageOption, MappingFile, Seed, day
from cli.installation import now, read_settings, read_tables
from cli.reader import note, say
from cli.usage_text import refused
from hospital.errors import VigieError
from hospital.words.catalogue import text
from hospital.words.numbers import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.feed.feed_source import FeedSource
    from cli.feed.replay import Replay, ReplayBegin
    from hospital.ingest.hospital_reader import HospitalTables
    from hospital.words.language import Language
    from registry.settings import Settings
    from serving.state.history_staging import History
    from serving.state.observations import Counts

__all__ = ["app"]

app = typer.Typer()


@app.command("import")
def import_history(
    data: Annotated[Path, typer.Argument(metavar="DIR|FILE", show_default=False)],
    mapping: MappingFile = None,
    since: Annotated[
        date | None,
        typer.Option(
            metavar="DATE",
            parser=day,
        ),
    ] = None,
) -> int:
    """Bring a hospital's history into the service, so that its first weeks are not blind."""
    from cli.progress import bar
    from registry.record.database import opened_database, writing
    from serving.state.history_staging import staged_history
    from serving.supervisor import make_home

    settings = read_settings()
    make_home(settings.home)
    with bar() as progress:
        progress("read", 0.0)
        tables = read_tables(settings, data, mapping)
        history = _history(settings, tables, since)
        with (
            staged_history(settings.home, history, progress) as staged,
            opened_database(settings.database) as engine,
        ):
            with writing(engine) as connection:
                counts = staged.store(connection, progress, now())
            staged.clear()
    for finding in tables.findings:
        note(f"{finding.table}: {finding.words(settings.language)}", settings.language, to=sys.stderr)
    if staged.kept:
        say("import.resumed", settings.language, n=staged.kept)
    _print_counts(history, counts, settings.language)
    return 0


def _history(settings: "Settings", tables: "HospitalTables", since: date | None) -> "History":
    """What the tables hold, as it is stored.

    Raises:
        ContractError: something lies after now.
    """
    from hospital.ingest.event_columns import columns_of
    from hospital.times import instant
    from serving.state.history_staging import History
    from serving.state.reception_times import received_by

    columns = {name: columns_of(frame, name) for name, frame in tables.tables.items()}
    derived = frozenset(f.table for f in tables.findings if f.code in ("received_at_missing", "derived"))
    present = max(now(), settings.clock_start or now())
    first = instant(datetime.combine(since, time.min, tables.zone)) if since else 0
    return History(
        received_by(columns, instant(present), derived), first, tables.audit_attributes, tables.source_digest
    )


def _print_counts(history: "History", counts: "Mapping[str, Counts]", language: "Language") -> None:
    from hospital.times import moment

    for name, count in counts.items():
        received = history.tables[name]["received_at"]
        last = int(received.max(initial=0))
        say(
            "import.counts_until" if last else "import.counts",
            language,
            table=name,
            new=count.new,
            revised=count.revised,
            unchanged=count.unchanged,
            last=f"{moment(last):%Y-%m-%d %H:%M}",
        )
    if not any(count.new or count.revised for count in counts.values()):
        say("import.nothing_new", language)


def _time(written: str) -> datetime:
    from hospital.times import TimeError, parse_time

    try:
        return parse_time(written)
    except TimeError:
        raise refused("time", value=repr(written)) from None


_To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="URL",
    ),
]
_Speed = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        min=0.01,
        max=3_600,
    ),
]
_TokenFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
    ),
]
_Begin = Annotated[
    datetime | None,
    typer.Option(
        "--from",
        metavar="TIME",
        parser=_time,
    ),
]
_Hours = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        min=0.1,
        max=8_784,
    ),
]
_Day = Annotated[
    date | None,
    typer.Option(
        "--day",
        metavar="DATE",
        parser=day,
    ),
]
_Scale = Annotated[
    float,
    typer.Option(
        metavar="N",
        min=0.1,
        max=3.0,
    ),
]
_Busy = Annotated[
    float,
    typer.Option(
        metavar="N",
        min=0.1,
        max=10.0,
    ),
]
_Again = Annotated[
    bool,
    typer.Option(
        "--again",
    ),
]


@app.command()
def feed(
    data: Annotated[Path | None, typer.Argument(metavar="DIR|FILE", show_default=False)] = None,
    mapping: MappingFile = None,
    speed: _Speed = None,
    to: _To = None,
    token_file: _TokenFile = None,
    begin: _Begin = None,
    hours: _Hours = None,
    simulated: _Day = None,
    seed: Seed = 1,
    scale: _Scale = 0.25,
    busy: _Busy = 1.4,
    again: _Again = False,
    language: LanguageOption = None,
) -> int:
    """Replay tables, or a simulated day, into a running service."""
    settings = read_settings()
    spoken = language or settings.language
    if (data is None) == (simulated is None):
        raise VigieError(_words("one_source", spoken))
    url, token = _address(to or f"http://127.0.0.1:{settings.port}", spoken), _token(token_file, spoken)
    from cli.feed.replay import Replay
    from cli.feed.service_client import ServiceClient

    client = ServiceClient(url, token, spoken)
    client.clock()  # what cannot be reached is said before minutes of reading
    if data is not None:
        name, source = data.name, _folder(data, mapping, begin, spoken)
    elif simulated is not None:
        if mapping is not None or begin is not None:
            raise VigieError(_words("folder_only", spoken, options="--mapping, --from"))
        name = _words("simulated", spoken, day=simulated.isoformat())
        source, hours = _simulated(simulated, seed, scale, busy), hours or 24.0
    replay = Replay(client, source, settings.home, speed=speed, hours=hours, again=again, language=spoken)
    return _run(replay, name, spoken)


def _run(replay: "Replay", name: str, language: "Language") -> int:
    from cli.progress import bar
    from hospital.times import moment

    with bar() as progress:
        try:
            end = replay.run(
                lambda begun: print(_begun(begun, name, language), file=sys.stderr),
                lambda at, done: progress(f"{moment(at):%Y-%m-%d %H:%M} UTC", done),
            )
        except KeyboardInterrupt:
            print(f"\n{_words('stopped', language)}", file=sys.stderr)
            return 130
    print(_words("ended", language, rows=number(end.rows, language), late=number(end.latest, language)))
    return 0


def _begun(begun: "ReplayBegin", name: str, language: "Language") -> str:
    first = [_words("resumed", language)] if begun.resumed else []
    words = _words(
        "begun",
        language,
        source=name,
        url=begun.url,
        rows=number(begun.rows, language),
        speed=number(begun.speed, language, 0 if begun.speed >= 1 else 2),
    )
    return "\n".join([*first, words])


def _folder(data: Path, mapping: Path | None, begin: datetime | None, language: "Language") -> "FeedSource":
    from cli.feed.feed_source import folder_source
    from hospital.mapping.mapping_file import load_mapping
    from hospital.times import instant, moment

    at = None if begin is None else instant(begin)
    source = folder_source(data, load_mapping(mapping) if mapping else None, at)
    if at is not None and not source.first <= at < source.last:
        first, last = (f"{moment(t):%Y-%m-%d %H:%M}" for t in (source.first, source.last))
        raise VigieError(
            _words("begin_outside", language, begin=f"{moment(at):%Y-%m-%d %H:%M}", first=first, last=last)
        )
    return source


def _simulated(simulated: date, seed: int, scale: float, busy: float) -> "FeedSource":
    from cli.feed.feed_source import SimulatedDay, simulated_source
    from cli.progress import bar

    with bar() as progress:
        return simulated_source(
            SimulatedDay(simulated, seed, scale, busy), lambda done: progress("simulate", done)
        )


def _address(url: str, language: "Language") -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.username or parts.query or parts.fragment or parts.path not in ("", "/"):
        raise VigieError(_words("bad_url", language))
    return url.rstrip("/")


def _token(file: Path | None, language: "Language") -> str:
    from registry.digests import read_plain_file

    token = (
        os.environ.get("VIGIE_TOKEN", "")
        if file is None
        else read_plain_file(file).decode("ascii", "replace")
    )
    token = token.strip()
    if not token or not token.isascii() or any(c.isspace() for c in token):
        raise VigieError(_words("token_missing", language))
    return token


def _words(key: str, language: "Language", **places: object) -> str:
    return text(f"feed.{key}", language, None, **places)
