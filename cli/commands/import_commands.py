"""`vigie import`: a hospital's history into the service's observations, with the receptions it had."""

import sys
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import MappingFile, day
from cli.installation import now, read_settings, read_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hospital.ingest.hospital_reader import HospitalTables
    from registry.settings import Settings
    from serving.state.history_staging import History
    from serving.state.observations import Counts

__all__ = ["app"]

app = typer.Typer()

_EPILOG = (
    "If it is stopped, the same command goes on where it was. Run again, or with a longer export, it adds what is new. "
    "Without a column received_at each fact counts as received at its own time. The service may run meanwhile."
)


@app.command("import", epilog=_EPILOG)
def import_history(
    data: Annotated[Path, typer.Argument(metavar="DIR|FILE", help="The tables.", show_default=False)],
    mapping: MappingFile = None,
    since: Annotated[
        date | None,
        typer.Option(
            metavar="DATE",
            parser=day,
            help="Leave out what says nothing about this day or later (default: bring all).",
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
        print(f"note: {finding.table}: {finding.message}", file=sys.stderr)
    if staged.kept:
        print(f"Went on from an import that was stopped: {staged.kept} parts were prepared already.")
    _print_counts(history, counts)
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


def _print_counts(history: "History", counts: "Mapping[str, Counts]") -> None:
    from hospital.times import moment

    for name, count in counts.items():
        received = history.tables[name]["received_at"]
        last = int(received.max(initial=0))
        until = f"; the last received {moment(last):%Y-%m-%d %H:%M} UTC" if last else ""
        print(
            f"{name}: {count.new:,} new rows, {count.revised:,} later versions of rows, "
            f"{count.unchanged:,} stored before{until}"
        )
    if not any(count.new or count.revised for count in counts.values()):
        print("Nothing was new.")
