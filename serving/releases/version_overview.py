"""What the service shows of versions: releases in use, candidates, cards. From files that were sealed."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from hospital.times import moment
from hospital.words.catalogue import text
from hospital.words.language import Language
from registry.candidates.candidates import candidate, candidates
from registry.errors import CandidateError, RegistryError
from registry.package.manifest import MODELS
from registry.policy.board_policy import load_policy
from registry.policy.monitor_rules import MonitorRules
from registry.releases.releases import load_release
from registry.settings import Settings
from registry.trust.trust_store import load_trust
from serving.errors import Problem
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.record_bodies import CandidateSummary, Models, ReleaseSummary, ReleaseUnit, ScopeCell
from serving.releases.releases_in_use import Releases, State

__all__ = ["Catalogue", "StoredCatalogue", "models"]


class Catalogue(Protocol):
    """Where candidates and cards come from."""

    def candidates(self, in_use: Mapping[str, str]) -> tuple[CandidateSummary, ...]:
        """Every registered version; `in_use` the version by model."""
        ...

    def card(self, model: str, version: str, released: LoadedModel | None) -> dict[str, Any]:
        """A version's card: of the release if it is the one in use, else of the candidate.

        Raises:
            Problem: 404, there is none.
        """
        ...

    def monitor_rules(self, released: LoadedModel) -> MonitorRules:
        """The rules of monitoring in the policy that a release was sealed with.

        Raises:
            Problem: 503, it does not verify.
        """
        ...


class StoredCatalogue(Catalogue):
    """The candidates and releases of an installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def candidates(self, in_use: Mapping[str, str]) -> tuple[CandidateSummary, ...]:
        """Every registered version, the newest first."""
        found = []
        for model in MODELS:
            for version in reversed(candidates(self._settings.candidates, model)):
                try:
                    verdict = version.json("report.json").get("verdict") if version.checked else None
                    digest = version.registration["body"]["package_digest"]
                except (CandidateError, KeyError):
                    continue
                card = f"/v1/models/{model}/card?version={version.version}" if version.checked else None
                current = in_use.get(model) == version.version
                found.append(
                    CandidateSummary(
                        name=model,
                        version=version.version,
                        digest=digest,
                        verdict=verdict,
                        current=current,
                        card=card,
                    )
                )
        return tuple(found)

    def card(self, model: str, version: str, released: LoadedModel | None) -> dict[str, Any]:
        """A version's card."""
        try:
            if released is not None and released.version == version:
                trust = load_trust(self._settings.trust)
                return load_release(self._settings, model, released.sequence, trust).json("card.json")
            return candidate(self._settings.candidates, model, version).json("card.json")
        except CandidateError:
            raise Problem(
                404,
                "no_card",
                "problems.no_card",
            ) from None
        except (RegistryError, json.JSONDecodeError):
            raise Problem(503, "release_refused", "problems.release_unverified") from None

    def monitor_rules(self, released: LoadedModel) -> MonitorRules:
        """Those of a release's policy."""
        try:
            trust = load_trust(self._settings.trust)
            release = load_release(self._settings, released.name, released.sequence, trust)
            return load_policy(release.files["policy.toml"]).monitor
        except RegistryError:
            raise Problem(503, "release_refused", "problems.release_unverified") from None


def models(
    releases: Releases,
    listed: Callable[[Mapping[str, str]], tuple[CandidateSummary, ...]] | None,
    now: int,
    language: Language,
) -> Models:
    """GET /v1/models.

    Args:
        listed: gives the candidates for who may see them.
        now: the service's instant.
        language: of what is said of releases that are refused or not there.
    """
    states = releases.states
    in_use = {name: s.loaded.version for name, s in states.items() if s.loaded is not None}
    return Models(
        now=moment(now),
        released=tuple(_summary(s.loaded, s, language) for s in states.values() if s.loaded is not None),
        unavailable={
            name: text(f"problems.models.{'refused' if s.fault else 'none'}", language)
            for name, s in states.items()
            if s.loaded is None
        },
        candidates=None if listed is None else listed(in_use),
    )


def _summary(loaded: LoadedModel, state: State, language: Language) -> ReleaseSummary:
    asked = loaded.units if loaded.horizons_hours else ()  # a wait is asked by department, not by unit
    return ReleaseSummary(
        name=loaded.name,
        version=loaded.version,
        digest=loaded.digest,
        sequence=loaded.sequence,
        released_at=moment(loaded.released_at),
        units=tuple(ReleaseUnit(unit=u.unit, label=u.label, group=u.group) for u in asked),
        horizons_hours=loaded.horizons_hours,
        departments=loaded.departments,
        triage_levels=loaded.triage_levels,
        scope=tuple(ScopeCell(unit_group=g, horizon_hours=h) for g, h in sorted(loaded.scope)),
        card=f"/v1/models/{loaded.name}/card?version={loaded.version}",
        warning=None if state.fault is None else text("problems.models.goes_on", language),
    )
