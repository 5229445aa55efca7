"""`vigie check`, `card`, `review`, `promote` and `rollback`: from a candidate to a release."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.arguments import BoardKeys, Json, LanguageOption, Model, PersonKey, Reason, Version
from cli.installation import now, read_settings, read_tables
from cli.mlflow_note import show_in_mlflow
from cli.reader import note, say
from cli.usage_text import refused
from hospital.errors import VigieError

if TYPE_CHECKING:
    from registry.cards.review_table import InUse
    from registry.releases.release import Release
    from registry.settings import Settings
    from registry.trust.keys import Key

__all__ = ["app"]

app = typer.Typer()

PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", metavar="FILE"),
]
RecentTables = Annotated[
    Path | None,
    typer.Option(
        "--recent",
        metavar="DIR|FILE",
    ),
]


@app.command()
def check(
    model: Model,
    version: Version,
    policy: PolicyFile = None,
    recent: RecentTables = None,
    mapping: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    as_json: Json = False,
    language: LanguageOption = None,
) -> int:
    """Judge a version by the policy; seal its report and card.

    What the author reported is computed again. Exit codes: 0 pass, 1 blocked or inconclusive, 2 an error.
    """
    from cli.progress import bar
    from registry.candidates.candidates import candidate
    from registry.cards.report_table import print_report
    from registry.check.run import check as check_version
    from registry.gates import Verdict
    from registry.trust.policy_in_force import policy_in_force, policy_of_file
    from training.refits.child_command import REFITS

    settings = read_settings()
    judging = policy_of_file(policy) if policy else policy_in_force(settings.trust)
    if mapping is not None and recent is None:
        raise VigieError("verbs.check.mapping_alone")
    tables = read_tables(settings, recent, mapping) if recent else None
    with bar(hidden=as_json) as progress:
        report = check_version(
            settings, model, version, judging, now=now(), progress=progress, refits=REFITS, recent=tables
        )
    if recent is None:
        show_in_mlflow(settings, model, version)
    if as_json:
        print(json.dumps(report.for_machines()))
    else:
        names = candidate(settings.candidates, model, version).names
        print_report(report.body, language or settings.language, own=names)
    return 0 if report.verdict is Verdict.PASS else 1


@app.command()
def card(
    model: Model,
    version: Version,
    form: Annotated[Literal["html", "json"], typer.Option("--format")] = "html",
    out: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    language: LanguageOption = None,
) -> int:
    """Write the model card of a checked version."""
    from registry.candidates.candidates import candidate
    from registry.cards.card_page import render_html
    from registry.digests import write_atomically

    settings = read_settings()
    document = candidate(settings.candidates, model, version).json("card.json")
    if form == "json":
        text = json.dumps(document, ensure_ascii=False, indent=2)
    else:
        text = render_html(document, language or settings.language)
    if out is None:
        print(text)
    else:
        write_atomically(out, text.encode())
        say("card.written", language, out=out)
    return 0


@app.command()
def review(
    model: Model,
    version: Version,
    comment: Annotated[str, typer.Option(metavar="TEXT", show_default=False)],
    key: PersonKey,
    approve: Annotated[bool, typer.Option("--approve")] = False,
    refuse: Annotated[bool, typer.Option("--refuse")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw")] = False,
    language: LanguageOption = None,
) -> int:
    """Approve or refuse a checked version, as a member of the board."""
    if approve + refuse + withdraw != 1:
        raise refused("one_decision", "--approve / --refuse / --withdraw")
    from registry.candidates.candidates import candidate
    from registry.candidates.reviews import Decision
    from registry.candidates.reviews import review as sign_review
    from registry.candidates.sealed_check import read_sealed
    from registry.cards.review_table import print_review
    from registry.trust.keys import load_key

    settings = read_settings()
    seen = read_sealed(candidate(settings.candidates, model, version))
    print_review(seen.card, _in_use(settings, model), seen.digests, language or settings.language)
    decision: Decision = "approve" if approve else "refuse" if refuse else "withdraw"
    member = load_key(key)
    sign_review(settings, model, version, member, decision, comment, now=now(), seen=seen)
    say(f"review.{decision}", language, name=member.name, model=model, version=version)
    show_in_mlflow(settings, model)
    return 0


def _in_use(settings: "Settings", model: str) -> "InUse | None":
    """The card of the release in use; one that does not verify is named, and stops nobody from reviewing the next."""
    from registry.cards.review_table import InUse
    from registry.errors import ReleaseError
    from registry.releases.releases import current_release

    try:
        release = current_release(settings, model) if (settings.trust / "trust.json").exists() else None
    except ReleaseError as error:
        note(error)
        return None
    return None if release is None else InUse(release.sequence, release.json("card.json"))


@app.command()
def promote(model: Model, version: Version, key: PersonKey) -> int:
    """Release an approved version, as the releaser."""
    from registry.releases.promotion import promote as release_version
    from registry.trust.keys import load_key

    settings = read_settings()
    release = release_version(settings, model, version, load_key(key), now=now())
    say("promote.released", model=release.model, version=release.version, number=str(release.sequence))
    show_in_mlflow(settings, model)
    return 0


@app.command()
def rollback(
    model: Model,
    keys: BoardKeys,
    to: Annotated[
        int | None,
        typer.Option(metavar="N", min=1),
    ] = None,
    reason: Reason = "",
) -> int:
    """Release the version before again: members of the board approve it, the releaser carries it out.

    As many members as the policy asks (`rollback_approvals`), together with the releaser or one after the other.
    """
    from registry.trust.keys import load_key

    settings = read_settings()
    release = _go_back(settings, model, [load_key(key) for key in keys], to, reason)
    if release is None:
        option = "" if to is None else f" --to {to}"
        say("rollback.next", command=f"vigie rollback {model}{option} --key")
    else:
        say("rollback.done", model=release.model, version=release.version, number=str(release.sequence))
        show_in_mlflow(settings, model)
    return 0


def _go_back(
    settings: "Settings", model: str, keys: "list[Key]", to: int | None, reason: str
) -> "Release | None":
    """Approvals by the members, then the act by the releaser; None: there were approvals alone."""
    from registry.errors import PromotionError
    from registry.releases.release import Release
    from registry.rollback.rollback import approve_rollback
    from registry.rollback.rollback import rollback as release_previous

    members, releaser = _parts(settings, keys)
    if releaser is not None and not members and _on_board(settings, releaser):
        try:
            return release_previous(settings, model, releaser, now=now(), to_sequence=to, reason=reason)
        except PromotionError as error:  # as a rule nobody else approved it yet: theirs is an approval
            note(error)
            members, releaser = [releaser], None
    for member in members:
        given = approve_rollback(settings, model, member, now=now(), to_sequence=to, reason=reason)
        if isinstance(given, Release):
            return given  # its command was killed: it is complete now, and nobody goes back once more
        say("rollback.approved", name=given.name, way=given.way, given=given.given, needed=given.needed)
    if releaser is None:
        return None
    return release_previous(settings, model, releaser, now=now(), to_sequence=to, reason=reason)


def _on_board(settings: "Settings", key: "Key") -> bool:
    from registry.trust.trust_store import load_trust

    found = load_trust(settings.trust).key_of(key.public_key)
    return found is not None and "board" in found.roles


def _parts(settings: "Settings", keys: "list[Key]") -> "tuple[list[Key], Key | None]":
    """Who approves a way back, and who carries it out: of those who could do both, the first only where nobody else is.

    A key that is neither is left to carry it out, which says what it lacks.
    """
    from registry.trust.trust_store import load_trust

    trust = load_trust(settings.trust)
    unique = list({key.public_key: key for key in keys}.values())
    roles = {key.public_key: found.roles if (found := trust.key_of(key.public_key)) else () for key in unique}
    others = [key for key in unique if "board" not in roles[key.public_key]]
    if not others:
        others = [key for key in unique if "releaser" in roles[key.public_key]][:1]
    if len(others) > 1:
        raise VigieError("verbs.rollback.no_members", names=[key.name for key in others])
    return [key for key in unique if key not in others], others[0] if others else None
