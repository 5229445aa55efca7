"""Releasing: promote a reviewed version. Rolling back is in `registry.rollback`, reading releases in `releases`.

What happens in which order, so that a failure leaves nothing half done:

1. the trust folder is held, so that of two promotions one waits and then sees the other's; what one that was
   killed has left is completed (`registry.releases.recovery`);
2. every obstacle is looked for, and all are named at once;
3. the release is built in a hidden folder and verified there exactly as serving will verify it;
4. the journal's entry is written, not yet committed; the folder gets its name; the entry is committed. If
   the commit fails the folder is taken back;
5. the lowest acceptable number rises: with it, at once, the release is in use. Killed before it, the release is not
   served, and the next command completes it.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from hospital.times import instant
from registry.candidates.candidates import SIGNED_FILES, Candidate, candidate
from registry.candidates.reviews import author_of, standing_refusals, standing_reviews
from registry.candidates.sealed_check import Sealed, check_faults, read_sealed
from registry.digests import canonical_json, sha256_bytes, sync_folder, write_atomically
from registry.errors import PolicyError, PromotionError, RegistryError, SignatureError
from registry.policy.board_policy import default_policy, load_policy
from registry.record.database import opened_database, writing
from registry.record.journal import append
from registry.releases.recovery import mend, subjects_of
from registry.releases.releases import (
    FORMAT,
    RELEASE,
    Link,
    Release,
    current_release,
    left_at,
    load_release,
    release_folder,
    release_stamp,
    verify_release,
    with_origin,
)
from registry.releases.vouching import FOUND, approval_fault, rules_of
from registry.settings import Settings
from registry.trust.keys import Key, Signed
from registry.trust.policy_in_force import policy_of_digest
from registry.trust.trust_store import Trust, load_trust, locked_trust, save_trust

__all__ = [
    "RELEASE",
    "Hold",
    "Plan",
    "Release",
    "current_release",
    "load_release",
    "make_release",
    "promote",
    "release_stamp",
    "releaser_fault",
]


@dataclass(frozen=True)
class Plan:
    """What is to be released: the signed part that does not depend on the number, and where its files are."""

    body: dict[str, Any]
    package: Path
    files: Path


@dataclass(frozen=True)
class Hold:
    """What a release is prepared with while nobody else can release: see the module's first two steps."""

    settings: Settings
    model: str
    key: Key
    trust: Trust
    links: list[Link]
    connection: Connection
    now: datetime


def promote(
    settings: Settings, model: str, version: str, key: Key, *, now: datetime, reason: str = ""
) -> Release:
    """Releases a version that was registered, checked and approved.

    Raises:
        PromotionError: every reason why it may not be released.
        CandidateError: there is no such version. ReleaseError, TrustError: chain or trust folder are broken.
    """
    found = candidate(settings.candidates, model, version)

    def plan(hold: Hold) -> Plan:
        reasons, approvals, sealed = _obstacles(hold, found)
        if reasons or sealed is None:
            listed = "\n".join(f"  - {r}" for r in reasons)
            raise PromotionError(f"{model} version {version} may not be released:\n{listed}")
        body = {
            "model": model,
            "version": version,
            **sealed.digests,
            "scope": sealed.report["scope"],
            "registration": found.registration,
            "approvals": [signed.to_json() for signed in approvals],
            "rolled_back_to": None,
        }
        return Plan(body, found.package, found.folder)

    return make_release(settings, model, key, "promote", plan, now, reason, version)


def make_release(
    settings: Settings,
    model: str,
    key: Key,
    action: str,
    plan: Callable[[Hold], Plan],
    now: datetime,
    reason: str,
    version: str | None = None,
) -> Release:
    """Makes and journals a release as the module says, of what a plan makes of the state that is held.

    Args:
        settings: of the installation.
        model: whose release.
        key: the releaser's.
        action: as the journal names it.
        plan: finds every obstacle, and what is to be released.
        now: when.
        reason: why.
        version: to be promoted; None: rolled back.

    Raises:
        PromotionError: from the plan. ReleaseError, TrustError: chain or trust folder are broken.
    """
    with locked_trust(settings.trust):
        trust, links, mended = mend(settings, model, load_trust(settings.trust), now)
        if mended is not None and _is_asked_for(mended, key, version):
            return load_release(settings, model, mended.number, trust)
        folder: Path | None = None
        try:
            with opened_database(settings.database) as engine, writing(engine) as connection:
                hold = Hold(settings, model, key, trust, links, connection, now)
                link, building = _build(hold, plan(hold), now)
                subjects = subjects_of(link)
                append(
                    connection, actor=link.releaser, action=action, subjects=subjects, reason=reason, now=now
                )
                folder = _appear(settings, model, building, link.number)
        except BaseException:
            if folder is not None:
                _take_back(folder)
            raise
        raised = trust.with_floor(model, link.number)
        save_trust(settings.trust, raised)
        return load_release(settings, model, link.number, raised)


def _is_asked_for(mended: Link, key: Key, version: str | None) -> bool:
    """Whether a release that was killed is the very one that is asked for again: then that is done.

    Args:
        mended: what was completed.
        key: of whoever asks.
        version: to be promoted; None: a roll-back is asked for, which once more would go back too far.
    """
    same = mended.body["rolled_back_to"] is not None if version is None else mended.body["version"] == version
    return bool(same) and mended.signed.public_key == key.public_key


def _obstacles(hold: Hold, found: Candidate) -> tuple[list[str], list[Signed], Sealed | None]:
    trust, again = hold.trust, f"run vigie check {found.model} {found.version} again"
    try:
        author = author_of(found, trust)
        sealed = read_sealed(found)
        digests, report = sealed.digests, sealed.report
        reasons = [f"{fault}: {again}" for fault in check_faults(sealed, found.registration["body"], trust)]
        standing = standing_reviews(found, trust)
    except RegistryError as error:
        return [str(error)], [], None
    if not trust.founded:
        reasons.append(f"who is who is not fixed in this installation: {FOUND}")
    if report.get("verdict") != "pass" or _closed(report):
        reasons.append(_not_passed(report))
    if digests["policy_digest"] != trust.policy_digest:
        reasons.append(f"it was checked under another policy than the one in force: {again}")
    try:
        in_force = policy_of_digest(hold.settings.trust, trust.policy_digest)
        rules = rules_of(load_policy(sealed.files["policy.toml"]), in_force)
    except PolicyError as error:
        reasons.append(str(error))
        rules = rules_of(default_policy(), default_policy())
    refusals = standing_refusals(hold.connection, found, digests["package_digest"], trust)
    if refusals:
        reasons.append(
            f"{', '.join(refusals)} refused it: a refusal stands until that person approves it or withdraws the refusal"
        )
    given = [s for s in standing if s.decision == "approve" and s.name not in (author, *refusals)]
    left = left_at(digests["package_digest"], hold.links)
    late = {s.name: approval_fault(s.at, instant(hold.now), rules.board, left) for s in given}
    reasons += [f"the approval of {name} {fault}" for name, fault in late.items() if fault]
    approvals = [s for s in given if not late[s.name]]
    if len(approvals) < rules.approvals:
        reasons.append(
            f"it has {len(approvals)} of {rules.approvals} approvals of what it is now: "
            f"run vigie review {found.model} {found.version}"
        )
    held = {role for s in approvals for k in trust.keys if k.name == s.name for role in k.roles}
    missing = sorted(set(rules.board.required_roles) - held)
    if missing:
        reasons.append(f"the policy in force requires an approval by {' and '.join(missing)}")
    people = {"registration": found.registration, "approvals": [s.signed.to_json() for s in approvals]}
    refusal = releaser_fault(trust, hold.key, people)
    if refusal:
        reasons.append(refusal)
    if hold.links and _same(hold.links[-1].body, {"version": found.version, **digests, **people}):
        reasons.append(f"it is in use already, with these approvals, as release {hold.links[-1].number}")
    return reasons, [s.signed for s in approvals], sealed


def _same(body: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(body[field] == value for field, value in other.items())


def _closed(report: dict[str, Any]) -> bool:
    """Whether a required gate is closed, whatever the report's own verdict says; none at all is closed."""
    verdicts = {gate.get("name"): gate.get("verdict") for gate in report.get("gates", [])}
    required = report.get("required") or []
    return not required or any(verdicts.get(name) not in ("pass", "not applicable") for name in required)


def _not_passed(report: dict[str, Any]) -> str:
    shut = [
        str(gate.get("name"))
        for gate in report.get("gates", [])
        if gate.get("verdict") not in ("pass", "not applicable")
    ]
    named = f" ({', '.join(shut)})" if shut else ""
    return f"its check says {report.get('verdict')}{named}: only pass opens"


def releaser_fault(trust: Trust, key: Key, people: dict[str, Any]) -> str | None:
    """Why this key may not release a version of these people; None if it may."""
    try:
        name = trust.require(key.sign(RELEASE, {}), "releaser", RELEASE, acting=True)
    except SignatureError as error:
        return f"the releaser may not sign: {error}"
    if Signed.from_json(people["registration"]).public_key == key.public_key:
        return f"{name} is its author: somebody else must release it"
    if any(Signed.from_json(value).public_key == key.public_key for value in people["approvals"]):
        return f"{name} approved it: somebody else must release it"
    return None


def _build(hold: Hold, planned: Plan, now: datetime) -> tuple[Link, Path]:
    """The next release, signed and verified in a hidden folder."""
    number = len(hold.links) + 1
    body = {
        "format": FORMAT,
        **planned.body,
        "sequence": number,
        "released_at": instant(now),
        "former_release": hold.links[-1].digest if hold.links else None,
    }
    signed = hold.key.sign(RELEASE, body)
    releaser = hold.trust.require(signed, "releaser", RELEASE)
    content = canonical_json(signed.to_json())
    parent = release_folder(hold.settings, hold.model, number).parent
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(".building-*"):  # of a promotion that was killed: nobody else builds now
        shutil.rmtree(left, ignore_errors=True)
    building = parent / f".building-{number:06d}-{os.getpid()}"
    building.mkdir()
    try:
        shutil.copytree(planned.package, building / "package")
        for name in SIGNED_FILES.values():
            shutil.copyfile(planned.files / name, building / name)
        write_atomically(building / "release.json", content)
        link = with_origin(Link(number, signed, releaser, sha256_bytes(content)), hold.links)
        verify_release(hold.settings, hold.model, link, hold.trust, folder=building)
        _make_durable(building)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return link, building


def _make_durable(building: Path) -> None:
    for path in building.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
    for folder in (building / "package", building, building.parent.parent):
        sync_folder(folder)


def _appear(settings: Settings, model: str, building: Path, number: int) -> Path:
    folder = release_folder(settings, model, number)
    try:
        os.rename(building, folder)
    except OSError:
        shutil.rmtree(building, ignore_errors=True)
        raise PromotionError(
            f"Release {number} of {model} appeared at this very moment: look at it, then run this again."
        ) from None
    sync_folder(folder.parent)
    return folder


def _take_back(folder: Path) -> None:
    hidden = folder.with_name(f".building-{folder.name}-back")
    os.rename(folder, hidden)
    shutil.rmtree(hidden, ignore_errors=True)
