"""Further versions of a small hospital's models: the same trees under another number, approved by its board."""

from datetime import UTC, datetime
from pathlib import Path

from hospital.times import instant
from registry.candidates.candidates import candidate, candidates, register
from registry.candidates.reviews import review
from registry.cards.card_document import build_card
from registry.package.manifest import MANIFEST, Manifest, read_manifest, write_package
from registry.policy.board_policy import default_policy
from registry.trust.keys import Key, load_key
from tests.support.installation import DIGEST, report_body
from tests.support.small_demo import SmallDemo

__all__ = ["approve_next_version", "key_file", "person"]


def key_file(demo: SmallDemo, name: str) -> Path:
    """The key of a person: author, ada and bob of the board, releaser, checker."""
    return demo.settings.home / "keys" / f"{name}.json"


def person(demo: SmallDemo, name: str) -> Key:
    """A person of the home."""
    return load_key(key_file(demo, name))


def approve_next_version(demo: SmallDemo, model: str = "wait-time") -> str:
    """Registers a version that differs from the last one in its seed alone, sealed and approved; its number."""
    settings, now = demo.settings, datetime.now(UTC)
    last = candidates(settings.candidates, model)[-1]
    version, building = str(int(last.version) + 1), settings.home / "building" / f"{model}-next"
    manifest = read_manifest((last.package / MANIFEST).read_bytes()).model_dump(mode="json")
    files = {name: (last.package / name).read_bytes() for name in manifest["files"]}
    write_package(building, {**manifest, "seed": int(version)}, files)
    body = {"data_digest": DIGEST, "seal_digest": DIGEST, "evidence_digest": DIGEST, "at": instant(now)}
    register(settings.candidates, model, version, building, body, person(demo, "author"))
    found = candidate(settings.candidates, model, version)
    report = {**report_body(found, "pass"), "scope": last.json("report.json")["scope"]}
    card = build_card(Manifest.model_validate(found.json("package/manifest.json")), report, [])
    found.seal(report, card, default_policy().content, person(demo, "checker"))
    for name in ("ada", "bob"):
        review(settings, model, version, person(demo, name), "approve", "read", now=now)
    return version
