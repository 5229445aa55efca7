"""What the check, the board and the releaser did, shown in MLflow: tags and aliases of registered versions.

One way only: they are made from the signed files and the journal, and nothing of Vigie reads them. Whoever moves an
alias or writes a tag changes a picture, which the next verb draws again. A store that cannot be written breaks nothing
either: `follow` returns why, and the verb says so.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from hospital.times import moment
from hospital.words.language import LANGUAGES
from hospital.words.messages import Message, message
from registry.candidates.candidates import Candidate, candidate, candidates
from registry.candidates.standing_reviews import Standing, author_of, standing_reviews
from registry.cards.card_page import render_html
from registry.errors import RegistryError
from registry.record.database import opened_database
from registry.record.journal import about
from registry.releases.release import Link
from registry.releases.release_chain import read_chain
from registry.settings import Settings
from registry.trust.trust_store import load_trust
from registry.trust.trusted_people import Trust

__all__ = ["TAGS", "check_metrics", "follow"]

TAGS = ("checked", "approved", "refused", "released")
"""Tags that are Vigie's: one that the record does not bear out is taken away."""


def follow(settings: Settings, model: str, checked: str | None = None) -> Message | None:
    """Brings the tags and aliases of a model's versions up to what is signed; returns why it could not, None if it did.

    Args:
        checked: a version that was just checked, whose report and card are shown too.

    Tags: ``checked``, ``approved``, ``refused``, ``released``, each with who and when. Aliases: ``candidate``, the
    newest version whose author's signature holds; ``released``, the version of the newest release.
    """
    return _reason(lambda: _follow(settings, model, checked))


def _reason(work: Callable[[], None]) -> Message | None:
    """Why this could not be done in MLflow: whatever went wrong there, what the journal has is done."""
    try:
        work()
    except ImportError:
        return message("registry.mlflow.not_installed")
    except (
        Exception
    ) as error:  # MLflow and what it stands on fail in too many ways to name, and none may matter
        why = error if isinstance(error, RegistryError) else f"({type(error).__name__})"
        return message("registry.mlflow.not_shown", why=why)
    return None


def _follow(settings: Settings, model: str, checked: str | None) -> None:
    from registry.mlflow_store import mark

    trust = load_trust(settings.trust) if (settings.trust / "trust.json").exists() else None
    links = [] if trust is None else read_chain(settings, model, trust)[: trust.lowest_release.get(model, 0)]
    versions = candidates(settings.candidates, model)
    signed = [v.version for v in versions if trust is not None and _is_signed(v, trust)]
    aliases = {
        "candidate": signed[-1] if signed else None,
        "released": str(links[-1].body["version"]) if links else None,
    }
    tags: dict[str, Mapping[str, str]] = {}
    for version in versions:
        with suppress(RegistryError):  # one that was damaged since keeps the tags that it has
            tags[version.version] = _tags(settings, version, trust, links)
    mark(settings.home, model, tags, TAGS, aliases)
    if checked is not None:
        _show_check(settings, candidate(settings.candidates, model, checked))


def _show_check(settings: Settings, version: Candidate) -> None:
    from registry.mlflow_store import add_to_run

    report, card = version.json("report.json"), version.json("card.json")
    files = {"check/report.json": json.dumps(report), "check/card.json": json.dumps(card)}
    files |= {f"check/card.{language}.html": render_html(card, language) for language in LANGUAGES}
    add_to_run(
        settings.home,
        version.model,
        version.version,
        metrics=check_metrics(report),
        tags={f"gate.{gate['name']}": str(gate["verdict"]) for gate in report["gates"]},
        files=files,
    )


def check_metrics(report: Mapping[str, Any]) -> dict[str, float]:
    """The figures of a check's report by which MLflow compares versions; what could not be computed is not there.

    ``gate/GATE``: 1 where the gate is open (pass, or not applicable), else 0; ``coverage/GROUP`` (and ``/24h`` …):
    share of outcomes between p10 and p90; ``fairness/METRIC/GROUP``: the difference that the fairness gate judged.
    """
    metrics: dict[str, float | None] = {}
    for gate in report["gates"]:
        metrics[f"gate/{gate['name']}"] = float(gate["verdict"] in ("pass", "not applicable"))
        if gate["name"] == "fairness":
            for finding in gate["findings"]:
                metrics[f"fairness/{_name(finding['metric'])}/{_name(finding['group'])}"] = finding["value"]
    for row in report["performance"]:
        horizon = f"/{row['horizon_hours']:g}h" if row["horizon_hours"] else ""
        metrics[f"coverage/{_name(row['unit_group'])}{horizon}"] = row["coverage"]
    return {name: float(value) for name, value in metrics.items() if value is not None}


def _name(text: str) -> str:
    """A part of a metric's name: MLflow takes no other signs."""
    return re.sub(r"[^\w.\- ]", "_", text)


def _is_signed(version: Candidate, trust: Trust) -> bool:
    try:
        author_of(version, trust)
    except RegistryError:
        return False
    return True


def _tags(
    settings: Settings, version: Candidate, trust: Trust | None, links: Sequence[Link]
) -> Mapping[str, str]:
    tags: dict[str, str] = {}
    if version.checked:
        tags |= _checked(settings, version)
        standing = [] if trust is None else standing_reviews(version, trust)
        tags |= {"approved": _by(standing, "approve"), "refused": _by(standing, "refuse")}
    for link in links:
        if str(link.body["version"]) == version.version:
            tags["released"] = f"{link.releaser} {_when(link.body['released_at'])}, release {link.number}"
    return {name: text for name, text in tags.items() if text}


def _checked(settings: Settings, version: Candidate) -> dict[str, str]:
    """Of the check that sealed what is there now; the journal knows when."""
    subjects = {"model": version.model, "version": version.version, **version.digests()}
    with opened_database(settings.database) as engine, engine.connect() as connection:
        checks = [entry for entry in about(connection, subjects) if entry.action == "check"]
    if not checks:
        return {}
    last = checks[-1]
    return {"checked": f"{last.actor} {_when(last.at)}, {last.reason}"}


def _by(standing: Sequence[Standing], decision: str) -> str:
    return ", ".join(f"{s.name} {_when(s.at)}" for s in standing if s.decision == decision)


def _when(at: int) -> str:
    return f"{moment(at):%Y-%m-%dT%H:%M:%SZ}"
