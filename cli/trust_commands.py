"""`vigie key create`, `key trust` and `policy`: whom and what an installation trusts."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.installation import read_settings

__all__ = ["app"]

app = typer.Typer()
_key = typer.Typer(help="Make keys, and say whom to trust.")


class KeyRole(StrEnum):
    """What a key may sign; an enumeration, since Typer takes no list of literals."""

    AUTHOR = "author"
    BOARD = "board"
    RELEASER = "releaser"


@_key.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the person.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write (default: NAME.key).")
    ] = None,
) -> int:
    """Make a person's key."""
    from registry.trust.keys import create_key

    path = out or Path(f"{name}.key")
    key = create_key(name, path)
    print(f"{path} is {name}'s private key: keep it from everybody else. Public key: {key.public_key}")
    return 0


@_key.command()
def trust(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the person.", show_default=False)],
    public_key: Annotated[
        str, typer.Argument(metavar="PUBLIC_KEY", help="As `key create` printed it.", show_default=False)
    ],
    roles: Annotated[
        list[KeyRole],
        typer.Option("--role", help="What the key may sign; can be repeated.", show_default=False),
    ],
) -> int:
    """Add a public key with its roles to the trust folder."""
    from registry.policy.board_policy import default_policy
    from registry.trust.trust_store import create_trust, update_trust

    folder = read_settings().trust
    if not (folder / "trust.json").exists():
        create_trust(folder, policy_digest=default_policy().digest)
    names = tuple(role.value for role in roles)
    update_trust(folder, lambda trusted: trusted.with_key(name, public_key, names))
    print(f"{name} is trusted as {', '.join(names)} in {folder}.")
    return 0


app.add_typer(_key, name="key")


@app.command()
def policy(
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A policy (default: the one that ships).")
    ] = None,
) -> int:
    """Put a policy in force."""
    from registry.check.run import policy_from
    from registry.policy.board_policy import default_policy
    from registry.trust.trust_store import create_trust, update_trust

    folder, wanted = read_settings().trust, policy_from(file, default_policy())
    if not (folder / "trust.json").exists():
        create_trust(folder, policy_digest=wanted.digest)
    update_trust(folder, lambda trusted: trusted.with_policy(wanted.digest))
    print(f"In force: {wanted.document.name} ({wanted.digest}).")
    return 0
