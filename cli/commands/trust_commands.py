"""`vigie key`, `vigie trust init` and `vigie policy`: people's keys, whom and what an installation trusts."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import Reason
from cli.installation import now, read_settings
from cli.reader import said, say
from cli.usage_text import refused

if TYPE_CHECKING:
    from registry.settings import Settings
    from registry.trust.keys import Key
    from registry.trust.trusted_people import TrustedKey

__all__ = ["app"]

app = typer.Typer()
_key = typer.Typer(help="Make keys, and say whom to trust.")
_trust = typer.Typer(help="Fix who is who in this installation.")


class KeyRole(StrEnum):
    """What a key may sign; an enumeration, since Typer takes no list of literals."""

    AUTHOR = "author"
    BOARD = "board"
    RELEASER = "releaser"
    CHECKER = "checker"
    SERVICE = "service"
    CLINICIAN = "clinician"
    NURSE = "nurse"
    DATA_PROTECTION = "data-protection"
    QUALITY = "quality"
    MANAGEMENT = "management"


SignerKeys = Annotated[
    list[Path] | None,
    typer.Option("--key", metavar="FILE"),
]


@_key.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    out: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    passphrase: Annotated[
        bool,
        typer.Option("--passphrase"),
    ] = False,
) -> int:
    """Make a person's key."""
    from registry.people.private_keys import ask_new_passphrase
    from registry.trust.keys import create_key

    path = out or Path(f"{name}.key")
    key = create_key(name, path, passphrase=ask_new_passphrase() if passphrase else None)
    say("key.made", path=path, name=name, key=key.public_key)
    say("key.next", command=f"vigie key trust '{name}' {key.public_key} --role")
    return 0


@_key.command()
def public(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
) -> int:
    """Print the public half of a private key, and nothing else."""
    from registry.trust.keys import load_key

    print(load_key(file).public_key)
    return 0


@_key.command()
def trust(
    name: Annotated[str | None, typer.Argument(metavar="NAME", show_default=False)] = None,
    public_key: Annotated[
        str | None,
        typer.Argument(
            metavar="PUBLIC_KEY",
            show_default=False,
        ),
    ] = None,
    roles: Annotated[
        list[KeyRole] | None,
        typer.Option("--role", show_default=False),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace")] = False,
    reason: Reason = "",
    keys: SignerKeys = None,
) -> int:
    """Show whom this installation trusts; with a name, a key and roles, trust that key too.

    What is trusted already is changed only with --replace. Once the installation is founded (vigie trust init), a
    quorum of the board signs each change with --key, together or one after the other. Each is an entry of the journal.
    """
    if name is None:
        if roles or replace or reason:
            raise refused("name_key_role", "NAME")
        return _show_trust(read_settings())
    if public_key is None or not roles:
        raise refused(
            "trust_whom", "PUBLIC_KEY" if public_key is None else "--role", roles=", ".join(KeyRole)
        )
    from registry.people.private_keys import openssh_public
    from registry.trust.trust_changes import trust_key

    public_key = openssh_public(public_key)
    settings, names = read_settings(), tuple(dict.fromkeys(role.value for role in roles))
    signers = _loaded(keys)
    done = trust_key(
        settings, name, public_key, names, now=now(), replacing=replace, reason=reason, signers=signers
    )
    if not done.made:
        say("key.already", name=name, roles=", ".join(names))
        return 0
    former = next((k for k in done.former.keys if k.public_key == public_key), None) if done.former else None
    if former is not None:
        say("before", what=_in_words(former))
    say("key.trusted", name=name, roles=", ".join(names), folder=settings.trust)
    return 0


@_key.command()
def retire(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    remove: Annotated[bool, typer.Option("--remove")] = False,
    reason: Reason = "",
    keys: SignerKeys = None,
) -> int:
    """Retire a person's key: what it signed stays valid, it signs nothing more."""
    from registry.trust.trust_changes import retire_key

    settings = read_settings()
    retire_key(settings, name, now=now(), signers=_loaded(keys), taking_out=remove, reason=reason)
    say("key.taken_out" if remove else "key.retired", name=name)
    return 0


@_trust.command()
def init(reason: Reason = "", keys: SignerKeys = None) -> int:
    """Fix who is who in this installation: every member of the board signs names, roles, keys and policy.

    Together, with --key repeated, or one after the other, each with their own key. From then on a quorum signs each
    change.
    """
    from registry.candidates.sealed_check import checker_key
    from registry.trust.trust_changes import found_trust
    from registry.trust.trust_store import load_trust

    settings = read_settings()
    load_trust(settings.trust)
    checker_key(settings, now())
    found_trust(settings, now=now(), signers=_loaded(keys), reason=reason)
    say("trust.founded", folder=settings.trust)
    return _show_trust(settings)


def _loaded(files: list[Path] | None) -> "list[Key]":
    from registry.trust.keys import load_key

    return [load_key(path) for path in files or ()]


app.add_typer(_key, name="key")
app.add_typer(_trust, name="trust")


def _show_trust(settings: "Settings") -> int:
    from registry.trust.trust_store import load_trust

    if not (settings.trust / "trust.json").exists():
        say("trust.nobody", folder=settings.trust)
    else:
        say("trust.head", folder=settings.trust)
        for key in load_trust(settings.trust).keys:
            print(f"  {_in_words(key)}  {key.public_key}")
        if not load_trust(settings.trust).founded:
            say("trust.not_founded")
    say("trust.next")
    return 0


def _in_words(key: "TrustedKey") -> str:
    return said("trust.retired" if key.retired else "trust.person", name=key.name, roles=tuple(key.roles))


@app.command()
def policy(
    file: Annotated[Path | None, typer.Option(metavar="FILE", show_default=False)] = None,
    shipped: Annotated[bool, typer.Option("--shipped")] = False,
    reason: Reason = "",
    keys: SignerKeys = None,
) -> int:
    """Show the policy in force; with --file or --shipped, put another one in force.

    One that is looser than the one that ships is refused, with every point. A change is an entry of the journal, and
    what was checked under another policy must be checked again before it can be released.
    """
    if file is not None and shipped:
        raise refused("one_policy", "--file / --shipped")
    settings = read_settings()
    if file is None and not shipped:
        if reason:
            raise refused("no_change", "--reason")
        return _show_policy(settings)
    from registry.policy.board_policy import default_policy
    from registry.trust.policy_in_force import policy_of_file
    from registry.trust.trust_changes import put_in_force

    wanted = policy_of_file(file) if file is not None else default_policy()
    done = put_in_force(settings, wanted, now=now(), reason=reason, signers=_loaded(keys))
    if done.made:
        if done.former is not None:
            say("before", what=done.former.policy_digest)
        say("policy.put_in_force", name=wanted.document.name, digest=wanted.digest)
    else:
        say("policy.already", name=wanted.document.name, digest=wanted.digest)
    return 0


def _show_policy(settings: "Settings") -> int:
    from registry.policy.board_policy import default_policy
    from registry.trust.policy_in_force import policy_in_force

    present, shipped = policy_in_force(settings.trust), default_policy()
    document = present.document
    which = "shipped" if present.digest == shipped.digest else "own"
    if not (settings.trust / "trust.json").exists():
        which = "no_trust"
    say(f"policy.{which}", name=document.name, digest=present.digest)
    say("policy.required", gates=", ".join(present.required))
    say("policy.required_of_baseline", gates=", ".join(present.required_of("baseline")))
    say("policy.terms", approvals=present.approvals, days=document.history_days)
    say("policy.next")
    return 0
