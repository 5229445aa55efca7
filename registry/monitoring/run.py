"""One monitoring run of a release: what was received since, forecast again, tested, and what it says written down at
once."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine

from hospital.arrays import Array
from hospital.calendar import local_day
from hospital.contracts.tables import TABLES
from hospital.dataset.splits import Split
from hospital.features.lookback import lookback_days
from hospital.ingest.event_columns import events_of
from hospital.record.events import FOREVER, Events
from hospital.times import DAY, instant
from hospital.words.messages import InWords, message
from hospital.words.names import OwnNames
from registry.candidates.snapshots import open_snapshot
from registry.digests import write_atomically
from registry.errors import MonitorError, SnapshotError
from registry.model.dataset import PreparedBeds, PreparedWaits, prepare_beds, prepare_waits
from registry.model.forecast_model import ForecastModel
from registry.monitoring.alarms import last_run, restarts
from registry.monitoring.daily_figures import DailyFigures, Figure
from registry.monitoring.figure_collection import gather, mature_until
from registry.monitoring.overruled import Overruled, lose_overruled
from registry.monitoring.run_record import write_run
from registry.monitoring.sequential_tests import Alarm, watch
from registry.package.manifest import MODELS
from registry.policy.board_policy import Policy, load_policy
from registry.policy.monitor_rules import Family
from registry.record.database import writing
from registry.record.observations import before_present, columns_in_force, first_reception
from registry.releases.release import Release
from registry.releases.releases import current_release
from registry.settings import Settings
from registry.trust.service_keys import accepted_keys

__all__ = ["MonitoringRun", "run_monitoring"]

_MORE_DAYS = 10  # further back than features look: what was received late of the first days monitored
_AFTER_OUTCOMES: frozenset[Family] = frozenset({"outcomes", "errors", "coverage", "fairness", "error_ratio"})


@dataclass(frozen=True)
class MonitoringRun:
    """What a monitoring run found.

    Attributes:
        days: monitored so far.
        until_day: the last whole local day seen; None: none yet.
        raised: new alarms.
        untested: why figures are shown but not tested; None where they are.
        overruled: what people decided against its forecasts, by unit group.
        lost: unit groups that it lost in this run, because people rightly overrule it there.
        names: what the hospital calls its groups and attributes.
    """

    model: str
    release: int
    days: int
    until_day: int | None
    raised: tuple[Alarm, ...] = ()
    untested: InWords | None = None
    overruled: tuple[Overruled, ...] = ()
    lost: tuple[str, ...] = ()
    names: OwnNames = field(default_factory=dict)


def run_monitoring(settings: Settings, engine: Engine, model: str, *, now: datetime) -> MonitoringRun | None:
    """Looks at the current release of a model; None where there is none.

    Alarms, their journal entries and what the run saw are one transaction: a run that is cut off leaves nothing,
    and the next one finds the same.

    Raises:
        RegistryError: the release or the snapshot behind it does not verify.
    """
    if model not in MODELS:
        raise MonitorError("errors.training.no_model", model=model, models=", ".join(MODELS))
    if not (settings.trust / "trust.json").exists():
        return None
    release = current_release(settings, model)
    if release is None:
        return None
    package = ForecastModel(release.package)
    release.require_same(package.digest)
    policy = load_policy(release.files["policy.toml"])
    overruled, lost = _overruled(engine, release, package, policy, now)
    run = _run(settings, engine, release, package, policy, now)
    return replace(run, overruled=overruled, lost=lost, names=package.manifest.names)


def _overruled(
    engine: Engine, release: Release, package: ForecastModel, policy: Policy, now: datetime
) -> tuple[tuple[Overruled, ...], tuple[str, ...]]:
    """What people decided against it, and the groups that it loses by that: of beds alone, which are recommended on."""
    if release.model != "bed-demand":
        return (), ()
    groups = {u.unit: u.group for u in package.manifest.units}
    with writing(engine) as connection:
        return lose_overruled(
            connection,
            model=release.model,
            release=release.sequence,
            digest=release.package_digest,
            groups=groups,
            released_at=release.released_at,
            rules=policy.monitor,
            now=now,
        )


def _run(
    settings: Settings,
    engine: Engine,
    release: Release,
    package: ForecastModel,
    policy: Policy,
    now: datetime,
) -> MonitoringRun:
    model = release.model
    first = _first_day(package)
    with engine.connect() as connection:
        events, received = _events(connection, package, first, _present(settings, now))
        seen = last_run(connection, model, release.sequence)
        anew = restarts(connection, model, release.sequence)
    place = package.manifest.place
    last = int(local_day(np.array([received]), place.zone)[0]) - 1 if received else first - 1
    if events is None or last < first:
        return MonitoringRun(model, release.sequence, 0, None)
    if seen is not None and seen.until_day == last:
        return MonitoringRun(model, release.sequence, last - first + 1, last)
    reference, untested = _reference(settings, release, package, policy)
    new = _after_release(package, events, (first, last), received, policy)
    tested = watch(_joined(reference, new), first, policy.monitor, place, anew)
    raised = write_run(engine, release, policy, tested, last, now)
    return MonitoringRun(model, release.sequence, last - first + 1, last, raised, untested)


def _first_day(package: ForecastModel) -> int:
    """The first whole local day of which neither the model nor its check saw an outcome."""
    end = Split.from_json(package.manifest.split).spans["test"][1]
    return int(local_day(np.array([end]), package.manifest.place.zone)[0]) + 1


def _present(settings: Settings, now: datetime) -> int:
    """The instant that no reception can lie ahead of; a clock that was set to start elsewhere has none."""
    return instant(now) if settings.clock_start is None else FOREVER


def _events(
    connection: Connection, package: ForecastModel, first: int, present: int
) -> tuple[Events | None, int]:
    """What the service received that may say something about the days from `first` on, and the last reception.

    Received by a clock that was wrong, it counts as the service itself counts it: as received at the present.
    """
    tables: dict[str, Mapping[str, Array]] = {}
    for kind in TABLES:
        since = (first - lookback_days(kind) - _MORE_DAYS) * DAY
        columns = columns_in_force(connection, kind, since, more=partial(_audit, package, kind))
        if columns and columns["received_at"].size:
            tables[kind] = before_present(columns, present)
    if not tables:
        return None, 0
    manifest = package.manifest
    events = Events.of(
        tables,
        zone=manifest.place.zone,
        locality=manifest.place.locality,
        cadence_hours=manifest.cadence_hours,
        history_from=first_reception(connection),
    )
    received = max(int(columns["received_at"].max()) for columns in tables.values())
    return events, received


def _audit(package: ForecastModel, kind: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Array]:
    """Audit attributes as columns: applications send them as one object."""
    if kind != "visits":
        return {}
    out = {}
    for name in package.manifest.audit_attributes:
        values = np.empty(len(rows), object)
        values[:] = [(row.get("audit") or {}).get(name) for row in rows]
        out[name] = values
    return out


def _prepared(package: ForecastModel, events: Events) -> PreparedBeds | PreparedWaits | None:
    manifest = package.manifest
    if package.name == "wait-time":
        if "visits" not in events.tables:
            return None
        return prepare_waits(events, manifest.audit_attributes, package.features)
    if not events.units:
        return None
    return prepare_beds(events, manifest.covariates, manifest.horizons_hours, package.features)


def _after_release(
    package: ForecastModel, events: Events, days: tuple[int, int], received: int, policy: Policy
) -> DailyFigures:
    """Figures of the days after the release; those that need outcomes only where these have had the time to come."""
    prepared = _prepared(package, events)
    if prepared is None:
        local = np.arange(days[0], days[1] + 1)
        return DailyFigures(local, (), np.empty((local.size, 0)), np.empty((local.size, 0), np.int64))
    # Days are local ones: in no zone does one begin or end so far from the same day in UTC.
    span = ((days[0] - 2) * DAY, (days[1] + 3) * DAY)
    found = gather(package, prepared, days, [span], policy.document.fairness.attributes)
    until = local_day(
        np.array([mature_until(received, package.manifest.horizons_hours)]), prepared.events.zone
    )
    early = found.days >= int(until[0])
    needs = np.array([f.family in _AFTER_OUTCOMES for f in found.figures], bool)
    return DailyFigures(
        found.days, found.figures, np.where(np.outer(early, needs), np.nan, found.values), found.rows
    )


def _reference(
    settings: Settings, release: Release, package: ForecastModel, policy: Policy
) -> tuple[DailyFigures | None, InWords | None]:
    """Figures of the sealed snapshot's days, made once for a package and kept; None where it is not here."""
    digest = release.package_digest.removeprefix("sha256:")
    path = settings.home / "monitoring" / f"{digest}.npz"
    if path.exists():
        return _read(path), None
    body = release.body["registration"]["body"]
    try:
        tables = open_snapshot(
            settings.snapshots, str(body["data_digest"]), str(body["seal_digest"]), accepted_keys(settings)
        )
    except SnapshotError as error:
        return None, error
    prepared = _prepared(package, events_of(tables))
    if prepared is None:
        return None, message("registry.monitoring.no_tables")
    found = _before_release(package, prepared, policy.document.fairness.attributes)
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    names = np.array([f"{f.family}|{f.name}" for f in found.figures], np.str_)
    np.savez_compressed(
        buffer, allow_pickle=False, days=found.days, values=found.values, rows=found.rows, names=names
    )
    write_atomically(path, buffer.getvalue())
    return found, None


def _before_release(
    package: ForecastModel, prepared: PreparedBeds | PreparedWaits, attributes: Sequence[str]
) -> DailyFigures:
    """Figures of the snapshot's days; on those of the validation set of the model that was not fitted to them."""
    spans, zone = Split.from_json(package.manifest.split).spans, prepared.events.zone
    begun, judged = local_day(np.array([prepared.prediction_time[0], spans["test"][0]]), zone).tolist()
    first, last = begun + 1, _first_day(package) - 2
    if package.held_back is package:
        unfitted = [spans[part] for part in ("validation", "test") if spans[part][1] > spans[part][0]]
        return gather(package, prepared, (first, last), unfitted, attributes)
    earlier = gather(package.held_back, prepared, (first, judged - 1), [spans["validation"]], attributes)
    return _joined(earlier, gather(package, prepared, (judged, last), [spans["test"]], attributes))


def _read(path: Path) -> DailyFigures:
    with np.load(path, allow_pickle=False) as kept:
        names = [str(name).split("|", 1) for name in kept["names"]]
        figures = tuple(Figure(family, name) for family, name in names)  # type: ignore[arg-type]
        return DailyFigures(kept["days"], figures, kept["values"], kept["rows"])


def _joined(reference: DailyFigures | None, new: DailyFigures) -> DailyFigures:
    """Both in one, figure by figure; days between them are unknown."""
    if reference is None:
        return new
    figures = tuple(dict.fromkeys([*reference.figures, *new.figures]))
    days = np.arange(int(reference.days[0]), int(new.days[-1]) + 1)
    values, rows = np.full((days.size, len(figures)), np.nan), np.zeros((days.size, len(figures)), np.int64)
    for part in (reference, new):
        at = np.searchsorted(days, part.days)
        of = np.array([figures.index(f) for f in part.figures], np.int64)
        values[np.ix_(at, of)], rows[np.ix_(at, of)] = part.values, part.rows
    return DailyFigures(days, figures, values, rows)
