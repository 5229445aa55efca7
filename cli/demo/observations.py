"""What the demo's service is given of its hospital: all at once, or in stages at which something is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.console import Console

from cli.demo.steps import IMPORT_MORE_DAYS, note, step
from cli.installation import read_tables
from hospital.arrays import Array
from hospital.times import DAY, moment
from hospital.words import formats
from registry.digests import canonical_json, write_atomically
from registry.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["Stage", "give_observations"]


def _go_on(_: int) -> None:
    """Nothing to do at a stage."""


@dataclass(frozen=True)
class Stage:
    """A part of the observations.

    Attributes:
        until: instant of the last reception in it.
        then: what is done once the service has it, with `until`.
    """

    until: int
    then: Callable[[int], None] = _go_on


def give_observations(
    console: Console, settings: Settings, data: Path, stages: Sequence[Stage] = ()
) -> datetime:
    """Gives the service the last weeks of the simulated hospital; returns where its clock begins.

    Args:
        stages: how far it is given them at a time, the earliest first; none: all at once.
    """
    from sqlalchemy import func, select

    from hospital.ingest.event_columns import columns_of
    from registry.record.database import open_database, writing
    from registry.record.observation_batches import forget_all
    from registry.record.tables.record_tables import observations

    engine = open_database(settings.database)
    with step(console, settings, "observations") as notes:
        tables = read_tables(settings, data, None)
        columns = {name: columns_of(frame, name) for name, frame in tables.tables.items()}
        last = max(int(columns[name]["received_at"].max()) for name in ("visits", "stays"))
        stages = stages or (Stage(last),)
        end = min(stages[-1].until, last)
        with engine.connect() as connection:
            latest = connection.execute(select(func.max(observations.c.received_at))).scalar_one()
        marker = settings.home / "observed.json"
        wanted = canonical_json({"source": tables.source_digest, "end": end})
        if not marker.exists() or marker.read_bytes() != wanted:
            if latest is not None:  # another hospital's rows: the demo holds one at a time
                with writing(engine) as connection:
                    forget_all(connection, actor="vigie demo", reason="other data", now=datetime.now(UTC))
                latest = None
            _give(engine, columns, tables.audit_attributes, stages)
            write_atomically(marker, wanted)
            notes.append(note(settings, "until", at=_written(end, tables.zone, settings)))
        else:
            notes.append(note(settings, "present"))
    start = max(end, int(latest or 0))
    console.print(f"  {note(settings, 'clock', at=_written(start, tables.zone, settings))}")
    return moment(start)


def _written(at: int, zone: ZoneInfo, settings: Settings) -> str:
    """An instant as the hospital's clock has it, in the reader's language."""
    return formats.date_time(moment(at).astimezone(zone), settings.language)


def _give(
    engine: "Engine", columns: dict[str, dict[str, Array]], audit: tuple[str, ...], stages: Sequence[Stage]
) -> None:
    """What features look back to of each table, stage by stage, each only with what had been received by then."""
    from hospital.features.lookback import lookback_days
    from registry.record.database import writing
    from serving.state.history_import import rows_since
    from serving.state.observations import import_rows

    before, end = -1, stages[-1].until
    for stage in stages:
        with writing(engine) as connection:
            for name, values in columns.items():
                new = (values["received_at"] > before) & (values["received_at"] <= stage.until)
                received = {column: cells[new] for column, cells in values.items()}
                since = end - (lookback_days(name) + IMPORT_MORE_DAYS) * DAY
                import_rows(connection, name, rows_since(name, received, since, audit))
        before = stage.until
        stage.then(stage.until)
