"""`vigie import` and `feed`: a hospital's history into the service, at once with its receptions, or as it happened."""

import sys
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import LanguageOption, MappingFile, Scale, Seed, day
from cli.feed.feed_run import (
    day_to_replay,
    feed_words,
    folder_to_replay,
    run_replay,
    service_address,
    service_token,
)
from cli.installation import now, read_settings, read_tables
from cli.reader import note, say
from cli.usage_text import refused
from hospital.errors import VigieError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

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
    _print_counts(history, counts, tables.zone, settings.language)
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


def _print_counts(
    history: "History", counts: "Mapping[str, Counts]", zone: "ZoneInfo", language: "Language"
) -> None:
    from hospital.times import moment
    from hospital.words import formats

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
            last=formats.date_time(moment(last).astimezone(zone), language),
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
    scale: Scale = 0.25,
    busy: _Busy = 1.4,
    again: _Again = False,
    language: LanguageOption = None,
) -> int:
    """Replay tables, or a simulated day, into a running service."""
    settings = read_settings()
    spoken = language or settings.language
    if (data is None) == (simulated is None):
        raise VigieError(feed_words("one_source", spoken))
    url, token = (
        service_address(to or f"http://127.0.0.1:{settings.port}", spoken),
        service_token(token_file, spoken),
    )
    from cli.feed.replay import Replay
    from cli.feed.service_client import ServiceClient

    client = ServiceClient(url, token, spoken)
    client.clock()  # what cannot be reached is said before minutes of reading
    if data is not None:
        name, source = data.name, folder_to_replay(data, mapping, begin, spoken)
    elif simulated is not None:
        if mapping is not None or begin is not None:
            raise VigieError(feed_words("folder_only", spoken, options="--mapping, --from"))
        name = feed_words("simulated", spoken, day=simulated.isoformat())
        source, hours = day_to_replay(simulated, seed, scale, busy), hours or 24.0
    replay = Replay(client, source, settings.home, speed=speed, hours=hours, again=again, language=spoken)
    return run_replay(replay, name, source.zone, spoken)
