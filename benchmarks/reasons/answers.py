"""Answers as a service gives them: a small simulated hospital with real releases, asked in its own process."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hospital.times import DAY, HOUR, MINUTE, moment
from registry.settings import Settings
from serving.composition import real_parts
from serving.http.workers import Workers
from tests.support.small_demo import HORIZONS, Service, SmallDemo, make_small_demo

__all__ = ["Answer", "answers", "home"]

Language = Literal["fr", "en"]
FOLDER = Path(".bench") / "reasons"
DAYS, SCALE, RECENT_DAYS, VISITS, CONTRASTED, TURNS = 400, 0.5, 6, 250, 32, 30
_OF = ("p50", "p50", "p50", "p50", "interval", "tension")
_ANOTHER_DAY = 0.1
_PATIENCE_SECONDS = 600.0
_REFERENCES = ("typical", "typical", "typical", "last_week", "last_week", "at", "prediction_id")


@dataclass(frozen=True)
class Answer:
    """One forecast's explanation.

    Attributes:
        kind: "wait", "beds" or "total".
        explanation: as served.
        served: what it explains, as served beside it: the p50, the width p90 - p10, or the tension probability.
    """

    kind: str
    language: Language
    explanation: dict[str, Any]
    served: float


def home() -> SmallDemo:
    """Made once, and kept under `.bench/`."""
    made = FOLDER / "made"
    if not made.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        demo = make_small_demo(FOLDER.resolve(), days=DAYS, scale=SCALE)
        made.write_text(f"{demo.token} {demo.end}")
    token, end = made.read_text().split()
    return SmallDemo(Settings(home=(FOLDER / "home").resolve()), token, int(end))


def answers(count: int, seed: int) -> Iterator[Answer]:
    """So many answers or a few more, about half of them of waits, half in each language."""
    demo, rng, given, waits = home(), np.random.default_rng(seed), 0, 0
    service = _patient(demo)
    try:
        released = service.client.get("/v1/models", headers=service.headers).json()["released"]
        asking = _Asking(service, {m["name"]: m for m in released}, demo.end, rng)
        while given < count:
            at = asking.instant()
            for turn in range(TURNS):
                explain = _options("fr" if turn % 2 else "en", rng)
                for answer in asking.beds(at, explain):
                    given += 1
                    yield answer
                if waits <= given - waits:
                    for answer in asking.waits(explain):
                        given, waits = given + 1, waits + 1
                        yield answer
                if given >= count:
                    return
    finally:
        service.close()


def _patient(demo: SmallDemo) -> Service:
    """A service that takes its time: on a busy machine a question may take longer than people would wait."""
    parts = real_parts(demo.settings.model_copy(update={"clock_start": moment(demo.end)}))
    for workers in (parts.workers, parts.forecast_workers):
        workers.close()
    few, many = (Workers(threads=2, seconds=_PATIENCE_SECONDS) for _ in range(2))
    return Service(replace(parts, workers=many, forecast_workers=few), demo.token)


def _options(language: Language, rng: np.random.Generator) -> dict[str, Any]:
    return {
        "language": language,
        "top": int(rng.choice((3, 6, 10, 1_000))),
        "of": str(rng.choice(_OF)),
        "reference": str(rng.choice(_REFERENCES)),
    }


@dataclass(frozen=True)
class _Asking:
    """Asks a service of the last days before `end` (instant)."""

    service: Service
    models: Mapping[str, dict[str, Any]]
    end: int
    rng: np.random.Generator

    def instant(self) -> int:
        """Some minute of the last days."""
        return int(self.end - self.rng.integers(1, RECENT_DAYS * DAY // MINUTE) * MINUTE)

    def earlier(self, at: int) -> int:
        """Some hours before, mostly on the same day (UTC), whose state a service still has at hand."""
        hours = int(self.rng.integers(1, 49) if self.rng.random() < _ANOTHER_DAY else self.rng.integers(1, 7))
        then = at - hours * HOUR
        return then if hours > 6 else max(then, at // DAY * DAY)

    def waits(self, explain: dict[str, Any]) -> Iterator[Answer]:
        """Waits of visits that arrived at any minute of the last days, a fifth of them beside a board of their own."""
        if explain["of"] == "tension":  # which a wait has not
            explain = {**explain, "of": "interval"}
        further = explain["reference"] in ("at", "prediction_id")
        few = further or (explain["of"], explain["reference"]) == ("interval", "last_week")
        department = str(self.rng.choice(self.models["wait-time"]["departments"])) if further else None
        visits = [self._visit(i, department, late=few) for i in range(CONTRASTED if few else VISITS)]
        body: dict[str, Any] = {"visits": visits, "explain": explain}
        if further:
            body["explain"] = {**explain, "reference": self._other_wait(explain["reference"], visits)}
        for forecast in self.service.ask("/v1/wait-time", body)["predictions"]:
            yield _answer("wait", explain, forecast, forecast["wait_minutes"])

    def _visit(self, i: int, department: str | None, *, late: bool) -> dict[str, Any]:
        """Somebody who came at any time of the last days, or `late`: in the last hour."""
        rng, model = self.rng, self.models["wait-time"]
        arrived_at = self.end - int(rng.integers(1, 61)) * MINUTE if late else self.instant()
        visit: dict[str, Any] = {
            "visit_id": f"reasons-{i}",
            "arrived_at": moment(arrived_at).isoformat(),
            "department": department or str(rng.choice(model["departments"])),
            "triage": str(rng.choice(model["triage_levels"])),
            "age_years": int(rng.integers(1, 95)),
            "arrival_mode": str(rng.choice(("walk_in", "ambulance"))),
        }
        if rng.random() < 0.2:
            visit["ed_state"] = {"waiting": int(rng.integers(0, 40))}
        return visit

    def _other_wait(self, kind: str, visits: Sequence[dict[str, Any]]) -> dict[str, str]:
        if kind == "at":
            return {"at": moment(self.earlier(self.end - HOUR)).isoformat()}
        found = self.service.ask("/v1/wait-time", {"visits": visits[:1]})
        return {"prediction_id": found["predictions"][0]["prediction_id"]}

    def beds(self, at: int, explain: dict[str, Any]) -> Iterator[Answer]:
        """Bed demand of every unit and of the hospital at every horizon, with counts of some units laid over it."""
        units = [u["unit"] for u in self.models["bed-demand"]["units"]]
        if explain["reference"] == "prediction_id":  # which is of one unit
            units = [str(self.rng.choice(units))]
        counted = [u for u in units if self.rng.random() < 0.3]
        body: dict[str, Any] = {
            "units": units,
            "horizons_hours": list(HORIZONS),
            "at": moment(at).isoformat(),
            "explain": explain,
            "observations": [
                {"unit": u, "at": moment(at).isoformat(), "occupied": int(self.rng.integers(0, 60))}
                for u in counted
            ],
        }
        if explain["reference"] in ("at", "prediction_id"):
            other = self._other_beds(explain["reference"], units, self.earlier(at))
            body["explain"] = {**explain, "reference": other}
        for forecast in self.service.ask("/v1/bed-demand", body)["forecasts"]:
            yield _answer("beds", explain, forecast, forecast["beds"])
        if explain["of"] != "p50" and explain["reference"] != "typical":
            return  # a total's uncertainty is compared with the usual alone
        if explain["reference"] == "prediction_id":
            body["explain"] = {**explain, "reference": {"prediction_id": self._given_total(at)}}
        body |= {"units": [], "hospital": True}
        for forecast in self.service.ask("/v1/bed-demand", body)["hospital"]:
            yield _answer("total", explain, forecast, forecast["beds"])

    def _given_total(self, at: int) -> str:
        """The id of a total that was given some hours before."""
        then = moment(self.earlier(at)).isoformat()
        body = {"units": [], "horizons_hours": [24.0], "at": then, "hospital": True}
        return str(self.service.ask("/v1/bed-demand", body)["hospital"][0]["prediction_id"])

    def _other_beds(self, kind: str, units: Sequence[str], then: int) -> dict[str, str]:
        if kind == "at":
            return {"at": moment(then).isoformat()}
        body = {"units": units, "horizons_hours": [24.0], "at": moment(then).isoformat()}
        return {"prediction_id": self.service.ask("/v1/bed-demand", body)["forecasts"][0]["prediction_id"]}


def _answer(
    kind: str, explain: Mapping[str, Any], forecast: Mapping[str, Any], quantiles: Mapping[str, float]
) -> Answer:
    served: dict[str, Any] = {
        "p50": quantiles["p50"],
        "interval": quantiles["p90"] - quantiles["p10"],
        "tension": forecast.get("tension_probability"),
    }
    return Answer(kind, explain["language"], forecast["explanation"], float(served[explain["of"]]))
