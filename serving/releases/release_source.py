"""Where releases come from: the release folder, in which a release is verified before anything is read from it."""

from collections.abc import Callable
from typing import Protocol

from registry.errors import ReleaseError
from registry.releases.release import Release
from registry.releases.release_chain import release_stamp
from registry.releases.releases import current_release, vouch
from registry.settings import Settings
from registry.trust.model_stops import is_stopped
from registry.trust.trust_store import load_trust
from serving.messages.forecast_protocol import LoadedModel, ServedUnit
from serving.messages.judged_tension import JudgedTension

__all__ = ["ReleaseSource", "StoredReleases", "read_release"]


class ReleaseSource(Protocol):
    """Where releases come from; the real one reads the release folder, tests hand in their own."""

    def stamp(self, model: str) -> object:
        """Something that changes when there may be another release."""
        ...

    def load(self, model: str) -> LoadedModel | None:
        """The newest release, verified; None where there has never been one.

        Raises:
            VigieError: it does not verify.
        """
        ...

    def verify(self, model: str) -> None:
        """Verifies the newest release's files again, without loading it.

        Raises:
            VigieError: they do not verify any more.
        """
        ...

    def vouch(self, model: str, loaded: LoadedModel) -> None:
        """Whether what was loaded before may go on: by its number, and by those who signed it.

        Raises:
            VigieError: it may not.
        """
        ...

    def halted(self, model: str) -> bool:
        """Whether a person has stopped the model.

        Raises:
            VigieError: that cannot be known now.
        """
        ...


class StoredReleases(ReleaseSource):
    """The releases of an installation.

    Args:
        read: reads a verified release into memory, its digest that of the bytes that were read.
    """

    def __init__(self, settings: Settings, read: Callable[[Release], LoadedModel] | None = None) -> None:
        self._settings, self._read = settings, read or read_release
        self._served: dict[tuple[str, str], Release] = {}
        self._stops: dict[str, tuple[object, bool]] = {}

    def stamp(self, model: str) -> object:
        """Something that changes when there may be another release."""
        return release_stamp(self._settings, model)

    def load(self, model: str) -> LoadedModel | None:
        """The newest release, verified and read into memory."""
        if not (self._settings.trust / "trust.json").exists():
            return None  # a home in which nothing was ever set up
        release = current_release(self._settings, model)
        if release is None:
            return None
        loaded = self._read(release)
        release.require_same(loaded.digest)
        self._served = {k: v for k, v in self._served.items() if k[0] != model} | {
            (model, loaded.digest): release
        }
        return loaded

    def verify(self, model: str) -> None:
        """The newest release's signatures and every byte of its files."""
        if (self._settings.trust / "trust.json").exists():
            current_release(self._settings, model)

    def vouch(self, model: str, loaded: LoadedModel) -> None:
        """By the trust file and the policy in force now, of what was verified when it was loaded."""
        trust, release = load_trust(self._settings.trust), self._served[model, loaded.digest]
        if loaded.sequence < trust.lowest_release.get(model, 0) or release.link is None:
            raise ReleaseError("problems.older_release", model=model, number=str(loaded.sequence))
        vouch(self._settings, release.link, trust, release.files)

    def halted(self, model: str) -> bool:
        """Whether a stop stands; read again only where the trust file is another one."""
        if not (self._settings.trust / "trust.json").exists():
            return False
        stamp = self.stamp(model)
        if self._stops.get(model, (None, False))[0] != stamp:
            self._stops[model] = stamp, is_stopped(self._settings, load_trust(self._settings.trust), model)
        return self._stops[model][1]


def read_release(release: Release) -> LoadedModel:
    """Reads a verified release into memory; its digest is that of the bytes that were read.

    Raises:
        PackageError: its package does not verify any more.
    """
    from registry.model.forecast_model import (
        ForecastModel,  # the trees' library: slow to import, needed only now
    )
    from serving.releases.usual_visit import usual_visit

    engine = ForecastModel(release.package)
    manifest = engine.manifest
    release.require_definitions(manifest)
    departments = engine.levels.get("department", ())
    waits = manifest.name == "wait-time"
    return LoadedModel(
        name=release.model,
        version=release.version,
        digest=engine.digest,
        sequence=release.sequence,
        released_at=release.released_at,
        scope=release.scope,
        units=tuple(ServedUnit(u.unit, u.label, u.group, u.label_fr, u.label_en) for u in manifest.units),
        horizons_hours=manifest.horizons_hours,
        triage_levels=engine.training_range.triage_levels,
        departments=departments,
        usual_patients={d: usual_visit(engine, i) for i, d in enumerate(departments or ("",)) if waits},
        zone=manifest.zone,
        names=manifest.names,
        judged=JudgedTension.of(release.json("report.json")),
        engine=engine,
    )
