"""An installation for tests: people with keys, a trust folder, and candidates without anything trained."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from registry.candidates.candidates import Candidate, register
from registry.candidates.reviews import review
from registry.cards.card_document import build_card
from registry.package.manifest import Manifest, package_digest, write_package
from registry.policy.board_policy import default_policy
from registry.settings import Settings
from registry.trust.ceremony import next_statement, signed_statement
from registry.trust.keys import Key, create_key
from registry.trust.trust_store import create_trust, load_trust, save_trust
from registry.trust.trusted_people import Trust
from tests.support.new_databases import new_sqlite

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64


def after(hours: float) -> datetime:
    """A time some hours after `NOW`."""
    return NOW + timedelta(hours=hours)


@dataclass(frozen=True)
class Installation:
    """A home, and keys by name: author, ada and bob of the board, releaser, checker (the check), stranger."""

    settings: Settings
    people: Mapping[str, Key]

    @classmethod
    def make(cls, home: Path, *, database_url: str = "") -> "Installation":
        """A new home with six keys, five of which it trusts."""
        settings = Settings(home=home, database_url=database_url)
        if not database_url:
            new_sqlite(home / "vigie.db")
        names = ("author", "ada", "bob", "releaser", "stranger", "checker")
        people = {name: create_key(name, home / "keys" / f"{name}.json") for name in names}
        trust = create_trust(settings.trust, policy_digest=default_policy().digest)
        trust = trust.with_person(people["author"], ("author",)).with_person(people["checker"], ("checker",))
        trust = trust.with_person(people["ada"], ("board",)).with_person(people["bob"], ("board",))
        save_trust(settings.trust, trust.with_person(people["releaser"], ("releaser",)))
        made = cls(settings, people)
        made.change_trust(lambda trust: trust)
        return made

    def copied(self, home: Path) -> "Installation":
        """The same in another home, to be changed: with the same keys, and everything that was signed with them."""
        shutil.copytree(self.settings.home, home)
        return replace(self, settings=self.settings.model_copy(update={"home": home}))

    def change_trust(self, change: Callable[[Trust], Trust]) -> None:
        """Changes whom it trusts, under the signatures of ada and bob; not in the journal."""
        former = load_trust(self.settings.trust)
        present = change(former)
        body = next_statement(former.statements, present.entries, present.policy_digest, 2)
        statement = signed_statement(body, (), [self.people["ada"], self.people["bob"]])
        save_trust(self.settings.trust, replace(present, statements=(*former.statements, statement)))

    def register(
        self,
        version: str = "1",
        *,
        model: str = "wait-time",
        author: str | None = "author",
        manifest: Mapping[str, Any] | None = None,
    ) -> Candidate:
        """A registered candidate whose package says nothing but its version, and what else is given of its manifest."""
        building = self.settings.home / "building" / f"{model}-{version}"
        files = {name: f"{name} of {version}\n".encode() for name in ("median.ubj", "baseline.json")}
        write_package(building, {**manifest_body(model, version), **(manifest or {})}, files)
        body = {"data_digest": DIGEST, "seal_digest": DIGEST, "evidence_digest": DIGEST, "at": 0}
        key = None if author is None else self.people[author]
        return register(self.settings.candidates, model, version, building, body, key)

    def check(self, candidate: Candidate, *, verdict: str = "pass") -> Candidate:
        """Seals a report, a card and the policy in force, as a check would."""
        report = report_body(candidate, verdict)
        manifest = Manifest.model_validate(candidate.json("package/manifest.json"))
        card = build_card(manifest, report, [])
        candidate.seal(report, card, default_policy().content, self.people["checker"])
        return candidate

    def approve(self, candidate: Candidate, *names: str, decision: str = "approve", hours: float = 1) -> None:
        """Reviews by these people."""
        for name in names:
            review(
                self.settings,
                candidate.model,
                candidate.version,
                self.people[name],
                decision,  # type: ignore[arg-type]
                f"{name} says {decision}",
                now=after(hours),
            )

    def approved(
        self, version: str = "1", *, model: str = "wait-time", manifest: Mapping[str, Any] | None = None
    ) -> Candidate:
        """A candidate that may be promoted."""
        candidate = self.check(self.register(version, model=model, manifest=manifest))
        self.approve(candidate, "ada", "bob")
        return candidate


def manifest_body(model: str, version: str) -> dict[str, Any]:
    """A manifest without its files."""
    feature = {"name": "hour", "group": "calendar", "label_fr": "Heure", "label_en": "Hour", "unit": "h"}
    return {
        "name": model,
        "kind": "model",
        "target": "minutes from arrival to first medical contact (min)",
        "zone": "Europe/Paris",
        "cadence_hours": 1,
        "horizons_hours": [],
        "features": [{**feature, "levels": []}],
        "feature_digest": DIGEST,
        "units": [{"unit": "ED", "label": "Urgences", "group": "ED", "site": ""}],
        "audit_attributes": ["sex"],
        "covariates": [],
        "missing_columns": ["respiratory_rate"],
        "data_digest": DIGEST,
        "data_days": 480.0,
        "data_rows": {"visits": 73344},
        "split": {"train": [0, 10], "test": [20, 30], "gap": 1},
        "configuration": {"rounds": 10},
        "seed": int(version),
        "code_commit": "0" * 40,
        "libraries": {"numpy": "2"},
    }


def report_body(candidate: Candidate, verdict: str) -> dict[str, Any]:
    """The least report that a release of this candidate needs."""
    return least_report(candidate.model, candidate.version, package_digest(candidate.package), verdict)


def least_report(model: str, version: str, digest: str, verdict: str) -> dict[str, Any]:
    """The least report that a release needs, of a package of this digest."""
    finding = {
        "metric": "gain_over_baseline",
        "group": "all",
        "value": 0.2,
        "interval": [0.1, 0.3],
        "threshold": 0.0,
        "n": 2500,
        "verdict": verdict,
        "required": True,
        "note": "usual_hour",
    }
    return {
        "format": 1,
        "model": model,
        "version": version,
        "kind": "model",
        "digest": digest,
        "policy_digest": default_policy().digest,
        "policy_name": "Vigie default policy",
        "verdict": verdict,
        "required": ["accuracy"],
        "compared_with": None,
        "scope": [{"unit_group": "ED", "horizon_hours": 0.0}],
        "gates": [{"name": "accuracy", "verdict": verdict, "findings": [finding]}],
        "performance": [],
        "hospital": [],
        "tension": [],
        "history_days": 480.0,
    }
