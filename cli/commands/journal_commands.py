"""`vigie journal`: the record verified against its signed checkpoints, and exported for an auditor."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import BoardKeys, Reason
from cli.installation import now, read_settings
from cli.journal_verification import edited_rows, first_release, untrusted_key, vouched
from cli.reader import said, say, spoken_language
from cli.usage_text import refused

if TYPE_CHECKING:
    from registry.settings import Settings

__all__ = ["app"]

app = typer.Typer()
_SEALED = "erase from sealed files"
_TERMS = {"recommendations": "predictions_days"}
"""Terms of the policy that go by another kind's."""
_journal = typer.Typer(help="Verify or export the journal.")


@_journal.command()
def verify(
    public_key: Annotated[
        str,
        typer.Option(
            metavar="KEY",
        ),
    ] = "",
) -> int:
    """Find what was edited, cut off, put back or written anew; say what cannot be vouched for.

    Exit codes: 0 nothing, 1 something, 2 an error.
    """
    from hospital.words.messages import Foreign
    from hospital.words.plain_text import one_line
    from registry.checkpoints.trust_audit import trust_faults
    from registry.record.database import opened_database

    settings, language = read_settings(), spoken_language()
    with opened_database(settings.database) as engine, engine.connect() as connection:
        found = vouched(settings, connection, public_key)
        faults = [*found.journal.faults, *found.faults, *edited_rows(connection, settings)]
        faults += trust_faults(connection, settings.trust, found.checkpoints)
    for fault in faults:
        why = Foreign(fault.message, "audit", "faults").words(language)
        print(said("journal.entry", seq=str(fault.seq), why=why) if fault.seq else why)
    for lost in found.lost:
        say("journal.lost", what=one_line(Foreign(lost, "audit", "limits").words(language)))
    for limit in [*found.limits, *untrusted_key(settings, public_key)]:
        say("journal.limit", what=Foreign(limit, "audit", "limits"))
    last = str(found.covered)
    covered = said("journal.covered", last=last) if found.covered else said("journal.uncovered")
    result = said("journal.faults", n=len(faults)) if faults else said("journal.whole")
    say("journal.result", n=found.journal.entries, covered=covered, result=result)
    return 1 if faults else 0


@_journal.command("accept-restore")
def accept_restore(
    keys: BoardKeys,
    reason: Reason,
) -> int:
    """Accept, as a quorum of the board, that the database was restored from an older backup.

    Until then nothing is signed over it; what was lost is named by verify for ever.
    """
    from registry.checkpoints.restore import accept_restore as accept
    from registry.trust.keys import load_key

    done = accept(read_settings(), [load_key(k) for k in keys], reason=reason, now=now())
    first, last = str(done.stands + 1), str(done.lost)
    say("journal.restored", names=tuple(done.names), first=first, last=last)
    return 0


@_journal.command("accept-lost-checkpoints")
def accept_lost_checkpoints(
    keys: BoardKeys,
    reason: Reason,
) -> int:
    """Accept, as a quorum of the board, that the checkpoints' file was lost and begun anew.

    For when no copy of it is left. From then on verify calls it a loss, and no longer a fault.
    """
    from registry.checkpoints.lost_file import accept_lost_file
    from registry.trust.keys import load_key

    settings = read_settings()
    loaded, since = [load_key(k) for k in keys], first_release(settings)
    done = accept_lost_file(settings, loaded, reason=reason, now=now(), known_since=since)
    say("journal.loss_accepted", names=tuple(done.names), seq=str(done.covered))
    return 0


@_journal.command()
def export() -> int:
    """Print every entry as a line of JSON; docs/verify_journal.py verifies them without Vigie."""
    from registry.record.database import opened_database
    from registry.record.journal import export as lines

    with opened_database(read_settings().database) as engine, engine.connect() as connection:
        for line in lines(connection):
            print(line.decode(), end="")
    return 0


@_journal.command()
def erase(
    subjects: Annotated[
        list[str] | None,
        typer.Option(
            "--subject",
            metavar="ID",
            show_default=False,
        ),
    ] = None,
    reason: Reason = "",
) -> int:
    """Erase a person from observations, predictions, decisions, payloads and the live state.

    Sealed tables and what training reported of their rows are rewritten, with a tombstone that a check accepts.

    Exit codes: 0 erased, or nothing was there; 1 a file that may hold the person is left; 2 an error.
    """
    from hospital.contracts.codes import whole_code
    from hospital.contracts.text_cleaning import clean_text, is_said

    # As requests and files are read: of an id that a spreadsheet made a number (42.0) the whole number is stored.
    ids = [one for one in map(clean_text, subjects or ()) if one]
    if not ids or not is_said(reason):
        raise refused("erase_whom", "--subject")
    from hospital.ingest.pseudonyms import pseudonym
    from registry.record.database import opened_database, writing
    from registry.record.erasure import erase_subject
    from registry.record.pseudonym_key import pseudonym_key
    from registry.record.tokens import account

    settings = read_settings()
    key = pseudonym_key(settings)
    names = {pseudonym(key, one) for one in (*ids, *map(whole_code, ids))}
    with opened_database(settings.database) as engine, writing(engine) as connection:
        done = erase_subject(connection, names, actor=account(), reason=reason, now=now())
    counts = ", ".join(said(f"journal.kinds.{name}", n=count) for name, count in done.__dict__.items())
    say("journal.erased" if done.anything else "journal.nothing", counts=counts)
    return max(_erase_sealed(settings, names, reason), _erase_from_files(settings))


@_journal.command()
def retain(
    carry_out: Annotated[bool, typer.Option("--carry-out")] = False,
) -> int:
    """Erase what is older than the terms of the policy in force ([retention]); say first what that is.

    Exit codes: 0 done, or nothing is older; 1 something is older and was left; 2 an error.
    """
    from registry.erasure import retention
    from registry.erasure.last_run import note_run
    from registry.erasure.old_snapshots import old_snapshots, remove_snapshots
    from registry.record.database import opened_database, writing
    from registry.record.tokens import account
    from registry.trust.policy_in_force import policy_in_force

    settings = read_settings()
    policy = policy_in_force(settings.trust)
    rules, days = policy.retention, policy.document.retention_days
    with opened_database(settings.database) as engine, writing(engine) as connection:
        if carry_out:
            found = retention.retain(connection, rules, actor=account(), now=now())
        else:
            found = retention.due(connection, rules, now())
    for kind, count in found.__dict__.items():
        _say_term(kind, getattr(rules, _TERMS.get(kind, f"{kind}_days")), count, carry_out)
    if carry_out:
        sealed = len(remove_snapshots(settings, days, actor=account(), now=now()))
        note_run(settings, now())
    else:
        sealed = len(old_snapshots(settings, days, now()))
    _say_term("sealed", days, sealed, carry_out)
    left = (found.anything or sealed > 0) and not carry_out
    if left:
        say("journal.not_carried_out")
    return _erase_from_files(settings) if carry_out else int(left)


def _say_term(kind: str, days: int, count: int, carry_out: bool) -> None:
    """How much of a kind is older than its term, or was erased."""
    key = "journal.term_erased" if carry_out else "journal.term_older"
    say(key, what=said(f"journal.terms.{kind}"), days=days, n=count)


def _erase_from_files(settings: "Settings") -> int:
    """Takes what was erased out of the files it stood in; what could not be done is named."""
    from registry.record.database import opened_database
    from registry.record.erasure import erase_from_files
    from serving.state.history_staging import forget_parts

    with opened_database(settings.database) as engine:
        left = [] if erase_from_files(engine) else ["not_overwritten"]
    left += [] if forget_parts(settings.home) else ["import_at_work"]
    for name in left:
        say(f"journal.{name}")
    return int(bool(left))


def _erase_sealed(settings: "Settings", names: set[str], reason: str) -> int:
    """Rewrites sealed files; what was rewritten is an entry, what could not be is named."""
    from registry.erasure.sealed_files import erase_from_sealed
    from registry.record.database import opened_database, writing
    from registry.record.journal import append, entries_of
    from registry.record.tokens import account

    done = erase_from_sealed(settings, names, now=now())
    subjects = {f"{path.parent.name}/{path.name}": digest for path, digest in done.erased}
    with opened_database(settings.database) as engine, writing(engine) as connection:
        entered = [entry.subjects for entry in entries_of(connection, (_SEALED,))]
        # A command that was killed has no entry yet of what it rewrote: it is of this one, then.
        new = {name: d for name, d in subjects.items() if all(e.get(name) != d for e in entered)}
        if new:
            append(connection, actor=account(), action=_SEALED, subjects=new, reason=reason, now=now())
    for path, _ in done.rewritten:
        say("journal.erased_from", path=path)
    for path, why in done.left:
        say("journal.not_erased", path=path, why=why)
    return 1 if done.left else 0


app.add_typer(_journal, name="journal")
