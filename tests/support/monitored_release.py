"""A release and a database that receives the days after it: what tests of the monitor look at."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hospital.features.lookback import lookback_days
from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.ingest.pseudonyms import load_or_create_key
from hospital.simulator import Shift, simulate, write
from hospital.times import DAY, instant
from registry.record.database import opened_database, writing
from registry.record.journal import Entry, append, entries
from registry.releases.promotion import promote
from registry.settings import Settings
from serving.state.history_import import rows_since
from serving.state.observations import import_rows
from tests.support.installation import NOW, Installation, after
from tests.support.new_databases import new_mlflow
from training.packages.package_request import Request
from training.train import train


@dataclass(frozen=True)
class Released:
    """An installation with a release trained on the first days, and the tables of all days.

    Attributes:
        known_days: that the release was trained on, from `start` on.
    """

    installation: Installation
    model: str
    tables: HospitalTables
    folder: Path
    start: date
    known_days: int

    @classmethod
    def make(
        cls,
        root: Path,
        model: str,
        *,
        start: date,
        known_days: int,
        days: int,
        shift: Shift,
        seed: int,
        scale: float,
        horizons_hours: tuple[float, ...] = (),
    ) -> "Released":
        """Simulates, trains on the first `known_days`, and releases."""
        write(simulate(days, seed=seed, start=start, scale=scale, shift=shift), root / "all")
        write(simulate(known_days, seed=seed, start=start, scale=scale), root / "known")
        installation = Installation.make(root / "home")
        settings = installation.settings
        new_mlflow(settings.home)
        pseudonyms = load_or_create_key(settings.pseudonym_key)
        request, known = Request(model, horizons_hours), read_hospital(root / "known", None, pseudonyms)
        key = installation.people["author"]
        done = train(request, known, settings, key=key, now=NOW, progress=lambda *_: None)
        installation.check(done.candidate)
        installation.approve(done.candidate, "ada", "bob")
        promote(settings, model, done.candidate.version, installation.people["releaser"], now=after(2))
        tables = read_hospital(root / "all", None, pseudonyms)
        return cls(installation, model, tables, root / "all", start, known_days)

    def monitored(self, database_url: str, day: int) -> Settings:
        """The installation on a database that has received everything up to a day of the simulation."""
        settings = self.installation.settings.model_copy(update={"database_url": database_url})
        first = instant(after(0).replace(year=self.start.year, month=self.start.month, day=self.start.day))
        release = self._release_entry()
        with opened_database(database_url) as engine, writing(engine) as connection:
            append(
                connection,
                actor=release.actor,
                action=release.action,
                subjects=release.subjects,
                now=after(2),
                reason=release.reason,
            )
            for name, frame in self.tables.tables.items():
                columns = columns_of(frame, name)
                kept = columns["received_at"] < first + day * DAY
                part = {n: values[kept] for n, values in columns.items()}
                since = first + (self.known_days - lookback_days(name) - 20) * DAY
                import_rows(connection, name, rows_since(name, part, since, self.tables.audit_attributes))
        return settings

    def _release_entry(self) -> Entry:
        """The journal's entry of the release, without which no database is that of this installation."""
        with opened_database(self.installation.settings.database) as engine, engine.connect() as connection:
            found = (entry for entry in entries(connection) if "release_digest" in entry.subjects)
            return next(entry for entry in found if entry.subjects["model"] == self.model)
