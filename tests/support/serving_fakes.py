"""Fakes for the service's tests: a forecaster of four units, a clock that stands, releases in memory."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import httpx
from sqlalchemy import Connection, delete

from assembly.routes import ENDPOINTS
from hospital.errors import VigieError
from hospital.times import HOUR, instant, moment
from registry.cards.card_document import build_card
from registry.cards.tension.tension_proof import TensionProof
from registry.errors import ReleaseError
from registry.package.manifest import Manifest
from registry.policy.board_policy import default_policy
from registry.policy.monitor_rules import MonitorRules
from registry.record.database import open_database, writing
from registry.record.tables.record_tables import journal
from registry.record.tokens import ROLES, create_token
from registry.settings import Settings
from serving.application import build_app
from serving.errors import Problem, RequestFault
from serving.forecasting.reason_sentences import reliability_of
from serving.gateway.service_parts import Parts
from serving.http.authentication import Authority
from serving.http.workers import Workers
from serving.messages.forecast_parts import (
    Adjustment,
    Contribution,
    Explanation,
    GroupContribution,
    Quantiles,
    Trust,
    UnitShare,
)
from serving.messages.forecast_protocol import LoadedModel, ServedUnit, UnitHistory
from serving.messages.forecast_records import BedForecast, HospitalForecast, WaitForecast, Wording
from serving.messages.judged_tension import NOTHING_JUDGED, JudgedTension
from serving.messages.question_records import BedQuestion, ExplainOptions, WaitQuestion
from serving.messages.record_bodies import CandidateSummary
from serving.releases.release_source import ReleaseSource
from serving.releases.releases_in_use import Releases
from serving.releases.version_overview import Catalogue
from tests.support.installation import DIGEST, least_report, manifest_body
from tests.support.new_databases import new_sqlite

NOW = instant(datetime(2025, 11, 3, 2, 40, tzinfo=UTC))
UNITS = (
    ServedUnit("U1", "Médecine polyvalente", "medicine"),
    ServedUnit("U2", "Chirurgie viscérale et digestive", "surgery"),
    ServedUnit("U3", "Court séjour gériatrique", "medicine"),
    ServedUnit("U4", "Soins intensifs de cardiologie", "critical"),
)
BED_HOURS = (4.0, 8.0, 24.0, 72.0)
PROVEN = JudgedTension(
    exceedance=TensionProof(frozenset(BED_HOURS), totals=frozenset((None, hours) for hours in BED_HOURS))
)
"""A check that found the probabilities of units and of the hospital total better than how often it was before."""
CASES = {"U1": (24.0, 28.0), "U2": (18.0, 24.0), "U3": (31.0, 30.0), "U4": (11.0, None)}


def loaded(name: str, sequence: int = 1) -> LoadedModel:
    """A release in memory."""
    beds = name == "bed-demand"
    return LoadedModel(
        name=name,
        version=str(sequence),
        digest="sha256:" + f"{sequence:064d}",
        sequence=sequence,
        released_at=NOW - 30 * 24 * HOUR,
        scope=frozenset({("medicine", 4.0), ("medicine", 24.0)} if beds else {("ED", 0.0)}),
        units=UNITS,
        horizons_hours=BED_HOURS if beds else (),
        triage_levels=() if beds else ("2", "3A", "3B", "4", "5"),
        departments=() if beds else ("ED",),
        judged=PROVEN if beds else NOTHING_JUDGED,
    )


class FakeReleases(ReleaseSource):
    """Releases by name; a `VigieError` in place of one is a release that does not verify."""

    def __init__(self, found: Mapping[str, LoadedModel | VigieError | None] | None = None) -> None:
        models = {name: loaded(name) for name in ("bed-demand", "wait-time")}
        self.found: dict[str, LoadedModel | VigieError | None] = dict(models if found is None else found)
        self.floors: dict[str, int] = {}
        self.damaged: dict[str, str] = {}
        self.loads = 0
        self.stops: set[str] = set()

    def stamp(self, model: str) -> object:
        return id(self.found.get(model)), self.floors.get(model, 0)

    def load(self, model: str) -> LoadedModel | None:
        self.loads += 1
        found = self.found.get(model)
        if isinstance(found, VigieError):
            raise found
        return found

    def verify(self, model: str) -> None:
        if model in self.damaged:
            raise ReleaseError(self.damaged[model])

    def halted(self, model: str) -> bool:
        return model in self.stops

    def vouch(self, model: str, loaded: LoadedModel) -> None:
        if loaded.sequence < self.floors.get(model, 0):
            raise ReleaseError("older than the lowest acceptable one")


class FakeForecaster:
    """Plausible numbers that add up; `off_by` makes them not, `apart_by` the units' means not those of the hospital.

    `error` is raised in their place.
    """

    def __init__(self) -> None:
        self.apart_by = 0.0
        self.off_by, self.error = 0.0, None  # type: float, Exception | None
        self.asked: list[WaitQuestion | BedQuestion] = []
        self.unlearned: dict[str, float | None] = {}
        self.features: dict[int, str] = {}

    def wait_time(
        self, model: LoadedModel, connection: Connection, question: WaitQuestion, now: int
    ) -> list[WaitForecast]:
        self._ask(question)
        return [self._wait(dict(v), question.explain) for v in question.visits]

    def bed_demand(
        self, model: LoadedModel, connection: Connection, question: BedQuestion, now: int
    ) -> list[BedForecast]:
        self._ask(question)
        words = "the released model does not know this unit"
        faults = [
            RequestFault(f"units[{i}]", "unknown_unit", words)
            for i, u in enumerate(question.units)
            if u not in CASES
        ]
        if faults:
            raise Problem(422, "unknown_unit", "Some units are not the model's.", faults=faults)
        return [
            self._bed(u, h, question.at, question.explain)
            for u in question.units
            for h in question.horizons_hours
        ]

    def hospital(
        self, model: LoadedModel, connection: Connection, question: BedQuestion, now: int
    ) -> list[HospitalForecast]:
        self._ask(question)
        explain, mean = question.explain, sum(beds for beds, _ in CASES.values())
        return [
            HospitalForecast(
                horizon_hours=hours,
                target_at=moment(question.at + int(hours * HOUR)),
                mean=mean,
                beds=Quantiles(p10=mean - 5, p50=mean, p90=mean + 5),
                staffed=None,
                tension_probability=None,
                units=tuple(
                    UnitShare(unit=u, mean=beds + self.apart_by, answered_by="model")
                    for u, (beds, _) in CASES.items()
                ),
                explanation=_without_reliability(self._explanation("beds", mean, explain, ("all units",))),
                trust=Trust(status="trusted", warnings=()),
                translations={
                    language: Wording(
                        _without_reliability(self._explanation("beds", mean, explain, (words,))),
                        Trust(status="trusted", warnings=()),
                    )
                    for language, words in {"fr": "toutes les unités", "en": "all units"}.items()
                    if language in explain.translations
                },
            )
            for hours in question.horizons_hours
        ]

    def unlearned_units(
        self, model: LoadedModel, connection: Connection, now: int
    ) -> Mapping[str, float | None]:
        return self.unlearned

    def history(self, model: LoadedModel, connection: Connection, hours: int, now: int) -> list[UnitHistory]:
        times = tuple(range(now - hours * HOUR, now + 1, HOUR))
        return [
            UnitHistory(u, times, tuple(now_beds + wave(i) for i in range(len(times))), staffed)
            for u, (now_beds, staffed) in CASES.items()
        ]

    def _ask(self, question: WaitQuestion | BedQuestion) -> None:
        self.asked.append(question)
        if self.error is not None:
            raise self.error

    def _wait(self, visit: dict[str, Any], explain: ExplainOptions) -> WaitForecast:
        p50 = {"1": 1.0, "2": 12.0, "3A": 48.0, "3B": 71.5, "4": 118.0, "5": 150.0}.get(visit["triage"], 60.0)
        fr = explain.language == "fr"
        reasons = (
            "23 patients attendent déjà, plus que d’habitude (14) : +8 min"
            if fr
            else "23 patients already wait, more than usual (14): +8 min",
            "2 médecins présents, comme d’habitude : +0 min" if fr else "2 doctors present, as usual: +0 min",
        )
        trust = Trust(status="trusted", warnings=())
        at = visit.get("triaged_at")
        return WaitForecast(
            prediction_time=moment(visit["arrived_at"] if at is None else at),
            wait_minutes=Quantiles(p10=0.4 * p50, p50=p50, p90=2.1 * p50),
            explanation=self._explanation("min", p50, explain, reasons),
            trust=trust,
        )

    def _bed(self, unit: str, hours: float, at: int, explain: ExplainOptions) -> BedForecast:
        now_beds, staffed = CASES[unit]
        p50 = now_beds + (0.6 if unit == "U3" else -0.3) * hours**0.5
        width = 1.2 * hours**0.5
        fr = explain.language == "fr"
        reasons: tuple[str, ...] = (
            "9 patients attendent un lit de l’unité aux urgences, plus que d’habitude (4) : +2,1 lits"
            if fr
            else "9 patients in the ED wait for a bed here, more than usual (4): +2.1 beds",
            "Lundi : plus d’entrées programmées que la moyenne : +0,8 lit"
            if fr
            else "Monday: more planned admissions than average: +0.8 bed",
            "3 sorties prévues avant midi : −1,2 lit" if fr else "3 discharges due before noon: −1.2 bed",
        )
        by_baseline = unit == "U2" or (unit, hours) == (
            "U1",
            4.0,
        )  # in U1 the model answers from the second on
        status: Literal["baseline", "degraded", "trusted"] = (
            "baseline" if by_baseline else "degraded" if unit == "U4" else "trusted"
        )
        if by_baseline:
            reasons = ("Prévision de référence : comme maintenant" if fr else "Baseline: as now",)
        warnings = ("Dernières données reçues il y a 7 h." if fr else "Last data came 7 h ago.",)
        risk = None if staffed is None else min(0.97, max(0.02, 0.5 + (p50 - staffed) / 8))
        return BedForecast(
            unit=unit,
            horizon_hours=hours,
            target_at=moment(at + int(hours * HOUR)),
            beds=Quantiles(p10=max(0.0, p50 - width), p50=p50, p90=p50 + width),
            staffed=staffed,
            tension_probability=risk,
            tension_calibrated=None if risk is None else True,
            explanation=self._explanation("beds", p50, explain, reasons),
            trust=Trust(status=status, warnings=warnings if status == "degraded" else ()),
            translations={
                language: Wording(said.explanation, said.trust)
                for language in explain.translations
                for said in [self._bed(unit, hours, at, replace(explain, language=language, translations=()))]
            },
        )

    def _explanation(
        self, unit: str, p50: float, explain: ExplainOptions, reasons: tuple[str, ...]
    ) -> Explanation:
        values = [8.2, -3.1, 2.0, 1.1, 0.6, -0.4, 0.2, 0.1]
        groups = ["crowding"] * 4 + ["calendar"] * 4
        shown = tuple(
            Contribution(
                feature=self.features.get(i, f"f{i}"),
                group=groups[i],
                label=f"Feature {i}",
                value=float(i),
                reference_value=1.0,
                contribution=v,
            )
            for i, v in enumerate(values[: explain.top])
        )
        other = sum(values[explain.top :])
        base = p50 - sum(values) - 0.4 + self.off_by
        made = Explanation(
            of="p50",
            unit="min" if unit == "min" else "beds",
            reference=explain.reference,
            base=base,
            contributions=shown,
            other=other,
            groups=tuple(
                GroupContribution(
                    group=name,
                    label=name.capitalize(),
                    contribution=sum(v for v, g in zip(values, groups, strict=True) if g == name),
                    other=sum(
                        v
                        for v, g in zip(values[explain.top :], groups[explain.top :], strict=True)
                        if g == name
                    ),
                )
                for name in ("crowding", "calendar")
            ),
            adjustments=(Adjustment(name="calibration", contribution=0.4),),
            reasons=reasons[: explain.top],
            compared_with={"cases": 41, "hour": 2, "hours_around": 0, "days": "weekday", "season": "autumn"},
        )
        if explain.stability:
            made["reliability"] = reliability_of(0.2, 3, ("visits", 7.0), explain.language)
        return made


def _without_reliability(explanation: Explanation) -> Explanation:
    """As a hospital total's, which has none of its own."""
    explanation.pop("reliability", None)
    return explanation


def wave(i: int) -> float:
    """A day's rhythm in whole patients."""
    return float((0, 1, 2, 2, 3, 2, 1, 0, -1, -1, -2, -1)[(i // 2) % 12])


class FakeClock:
    """Stands still until a test moves it."""

    simulated = True

    def __init__(self) -> None:
        self.instant = NOW
        self.step = 0

    def now(self) -> int:
        return self.instant


class FakeCatalogue(Catalogue):
    """One candidate, and a card of the least report that a release needs."""

    def candidates(self, in_use: Mapping[str, str]) -> tuple[CandidateSummary, ...]:
        return (
            CandidateSummary(
                name="wait-time",
                version="7",
                digest="sha256:" + "7" * 64,
                verdict="pass",
                current=in_use.get("wait-time") == "7",
                card="/v1/models/wait-time/card?version=7",
            ),
        )

    def card(self, model: str, version: str, released: LoadedModel | None) -> dict[str, Any]:
        if version not in ("1", "7"):
            raise Problem(404, "no_card", "There is no card of this version.")
        manifest = Manifest.model_validate({**manifest_body(model, version), "format": 1, "files": {}})
        return build_card(manifest, least_report(model, version, DIGEST, "pass"), [])

    def monitor_rules(self, released: LoadedModel) -> MonitorRules:
        return default_policy().monitor


class InProcess:
    """Asks the application in this process, without following redirects; keeps no cookies."""

    def __init__(self, parts: Parts) -> None:
        self._app = build_app(parts, ENDPOINTS)

    def request(self, method: str, path: str, *, peer: str = "10.0.0.9", **more: Any) -> httpx.Response:
        """The response, as asked for from the address `peer`."""
        return asyncio.run(self._request(method, path, peer, more))

    def get(self, path: str, **more: Any) -> httpx.Response:
        """The response to a GET."""
        return self.request("GET", path, **more)

    async def _request(self, method: str, path: str, peer: str, more: Mapping[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False, client=(peer, 1234))
        async with httpx.AsyncClient(transport=transport, base_url="http://vigie") as client:
            return await client.request(method, path, **more)


def make_parts(home: Path, url: str | None = None) -> tuple[Parts, dict[str, str]]:
    """Parts over a real database, and a token for each role."""
    home.mkdir(parents=True, exist_ok=True)
    engine = open_database(url or new_sqlite(home / "vigie.db"))
    with writing(engine) as connection:
        tokens = {
            role: create_token(connection, f"the {role}", [role], now=datetime.now(UTC)) for role in ROLES
        }
        connection.execute(delete(journal))  # tests count from the first entry of what they do themselves
    parts = Parts(
        engine=engine,
        clock=FakeClock(),
        releases=Releases(FakeReleases()),
        forecaster=FakeForecaster(),
        authority=Authority(engine, home),
        pseudonym_key=b"k" * 32,
        language="fr",
        catalogue=FakeCatalogue(),
        settings=Settings(home=home),
        workers=Workers(threads=2, queue=8, seconds=10.0),
        close=engine.dispose,
    )
    return parts, tokens


def parts_of_environment() -> Parts:
    """Parts for a service process of the tests; its tokens stand in a file beside the database."""
    home = Path(os.environ["VIGIE_TEST_HOME"])
    parts, tokens = make_parts(home)
    parts.body_seconds = float(os.environ["VIGIE_TEST_BODY_SECONDS"])
    (home / "tokens.txt").write_text("\n".join(f"{role} {token}" for role, token in tokens.items()))
    return parts


__all__ = [
    "CASES",
    "NOW",
    "FakeCatalogue",
    "FakeClock",
    "FakeForecaster",
    "FakeReleases",
    "InProcess",
    "loaded",
    "make_parts",
    "parts_of_environment",
]
