"""Promotion: a version that was registered, checked and approved is released, or every obstacle is named at once."""

from datetime import datetime
from typing import Any

from hospital.times import instant
from registry.candidates.candidates import Candidate, candidate
from registry.candidates.sealed_check import Sealed, check_faults, read_sealed
from registry.candidates.standing_reviews import author_of, standing_refusals, standing_reviews
from registry.errors import PolicyError, PromotionError, RegistryError, SignatureError
from registry.policy.board_policy import default_policy, load_policy
from registry.releases.publication import Hold, Plan, make_release
from registry.releases.release import Release
from registry.releases.release_chain import left_at
from registry.releases.vouching import FOUND, RELEASE, approval_fault, rules_of
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
