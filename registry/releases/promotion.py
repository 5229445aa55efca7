"""Promotion: a version that was registered, checked and approved is released, or every obstacle is named at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hospital.times import instant
from hospital.words.messages import InWords, Lines, Message, message
from registry.candidates.candidates import Candidate, candidate
from registry.candidates.sealed_check import Sealed, check_faults, read_sealed
from registry.candidates.standing_reviews import Standing, author_of, standing_refusals, standing_reviews
from registry.errors import PolicyError, PromotionError, RegistryError, SignatureError
from registry.policy.board_policy import default_policy, load_policy
from registry.releases.publication import Hold, Plan, make_release
from registry.releases.release import Release
from registry.releases.release_chain import left_at
from registry.releases.vouching import RELEASE, approval_fault, rules_of
from registry.settings import Settings
from registry.trust.keys import Key, Signed
from registry.trust.policy_in_force import policy_of_digest
from registry.trust.trusted_people import Trust

__all__ = ["promote", "releaser_fault"]


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
            listed = Lines(tuple(message("trust_errors.promotion.line", why=reason) for reason in reasons))
            raise PromotionError(
                "trust_errors.promotion.refused", model=model, version=version, reasons=listed
            )
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


def _obstacles(hold: Hold, found: Candidate) -> tuple[list[InWords], list[Signed], Sealed | None]:
    """Every reason why a version may not be released, its approvals that count, and what its check sealed."""
    trust, which = hold.trust, {"model": found.model, "version": found.version}
    try:
        author = author_of(found, trust)
        sealed = read_sealed(found)
        faults: list[InWords] = list(check_faults(sealed, found.registration["body"], trust))
        standing = standing_reviews(found, trust)
    except RegistryError as error:
        return [error], [], None
    if sealed.digests["policy_digest"] != trust.policy_digest:
        faults.append(message("trust_errors.promotion.other_policy"))
    reasons: list[InWords] = [
        message("trust_errors.promotion.check_again", fault=fault, **which) for fault in faults
    ]
    if not trust.founded:
        reasons.append(message("trust_errors.vouching.not_founded"))
    if sealed.report.get("verdict") != "pass" or _closed(sealed.report):
        reasons.append(_not_passed(sealed.report))
    late, approvals = _approvals(hold, found, sealed, author, standing)
    reasons += late
    people = {"registration": found.registration, "approvals": [s.to_json() for s in approvals]}
    fault = releaser_fault(trust, hold.key, people)
    if fault is not None:
        reasons.append(fault)
    released = {"version": found.version, **sealed.digests, **people}
    if hold.links and _same(hold.links[-1].body, released):
        reasons.append(message("trust_errors.promotion.in_use", number=str(hold.links[-1].number)))
    return reasons, approvals, sealed


def _approvals(
    hold: Hold, found: Candidate, sealed: Sealed, author: str, standing: Sequence[Standing]
) -> tuple[list[InWords], list[Signed]]:
    """What the board's word lacks for a release, and its approvals that count."""
    trust, reasons = hold.trust, list[InWords]()
    try:
        in_force = policy_of_digest(hold.settings.trust, trust.policy_digest)
        rules = rules_of(load_policy(sealed.files["policy.toml"]), in_force)
    except PolicyError as error:
        reasons.append(error)
        rules = rules_of(default_policy(), default_policy())
    package = sealed.digests["package_digest"]
    refusals = standing_refusals(hold.connection, found, package, trust)
    if refusals:
        reasons.append(message("trust_errors.promotion.refusals", names=", ".join(refusals)))
    given = [s for s in standing if s.decision == "approve" and s.name not in (author, *refusals)]
    left = left_at(package, hold.links)
    late = {s.name: approval_fault(s.name, s.at, instant(hold.now), rules.board, left) for s in given}
    reasons += [fault for fault in late.values() if fault is not None]
    counted = [s for s in given if late[s.name] is None]
    if len(counted) < rules.approvals:
        which = {"model": found.model, "version": found.version}
        reasons.append(
            message("trust_errors.promotion.approvals", n=len(counted), needed=rules.approvals, **which)
        )
    held = {role for s in counted for k in trust.keys if k.name == s.name for role in k.roles}
    missing = sorted(set(rules.board.required_roles) - held)
    if missing:
        reasons.append(message("trust_errors.vouching.required_roles", roles=tuple(missing)))
    return reasons, [s.signed for s in counted]


def _same(body: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(body[field] == value for field, value in other.items())


def _closed(report: dict[str, Any]) -> bool:
    """Whether a required gate is closed, whatever the report's own verdict says; none at all is closed."""
    verdicts = {gate.get("name"): gate.get("verdict") for gate in report.get("gates", [])}
    required = report.get("required") or []
    return not required or any(verdicts.get(name) not in ("pass", "not applicable") for name in required)


def _not_passed(report: dict[str, Any]) -> Message:
    shut = [
        str(gate.get("name"))
        for gate in report.get("gates", [])
        if gate.get("verdict") not in ("pass", "not applicable")
    ]
    key = "trust_errors.promotion.not_passed_gates" if shut else "trust_errors.promotion.not_passed"
    return message(key, verdict=str(report.get("verdict")), gates=", ".join(shut))


def releaser_fault(trust: Trust, key: Key, people: dict[str, Any]) -> Message | None:
    """Why this key may not release a version of these people; None if it may."""
    try:
        name = trust.require(key.sign(RELEASE, {}), "releaser", RELEASE, acting=True)
    except SignatureError as error:
        return message("trust_errors.promotion.releaser", why=error)
    if Signed.from_json(people["registration"]).public_key == key.public_key:
        return message("trust_errors.promotion.author", name=name)
    if any(Signed.from_json(value).public_key == key.public_key for value in people["approvals"]):
        return message("trust_errors.promotion.approver", name=name)
    return None
