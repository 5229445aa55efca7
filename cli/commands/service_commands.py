"""`vigie serve`, `token` and `webhook`: the service, who may ask it, and whom it tells."""

import os
import sys
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer

from cli.child_process import command
from cli.installation import now, read_settings
from cli.reader import said, say
from cli.usage_text import refused
from hospital.words.plain_text import one_line

__all__ = ["app"]

app = typer.Typer()
_token = typer.Typer(help="Make, revoke or list tokens.")
_webhook = typer.Typer(help="Applications that are sent what people decided.")


class TokenRole(StrEnum):
    """What a token may do; an enumeration, since Typer takes no list of literals."""

    APPLICATION = "application"
    OPERATOR = "operator"
    DATA_SCIENTIST = "data_scientist"
    BOARD = "board"
    AUDITOR = "auditor"
    ADMIN = "admin"


class TokenScope(StrEnum):
    """The parts of the interface that a token can be held to."""

    WAIT_TIME = "wait-time"
    BED_DEMAND = "bed-demand"
    OBSERVATIONS = "observations"
    PREDICTIONS = "predictions"
    DECISIONS = "decisions"
    MODELS = "models"
    JOURNAL = "journal"
    METRICS = "metrics"
    PAGES = "pages"
    CENTRE = "centre"


@app.command()
def serve(
    port: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=65_535),
    ] = None,
) -> int:
    """Serve the released versions over HTTP."""
    from serving.supervisor import serve as run_service

    settings = read_settings()
    if port:
        settings = settings.model_copy(update={"port": port})
    monitor = command("monitor", "--parent", str(os.getpid()))
    return run_service(settings, "assembly.service:Vigie", monitor_command=monitor)


@_token.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    roles: Annotated[list[TokenRole] | None, typer.Option("--role")] = None,
    scopes: Annotated[
        list[TokenScope] | None,
        typer.Option("--scope"),
    ] = None,
    days: Annotated[int, typer.Option(metavar="N", min=1, max=366)] = 180,
) -> int:
    """Make a token, and show it once."""
    if not roles:
        raise refused("token_role", "--role", roles=", ".join(TokenRole))
    from registry.record.database import opened_database, writing
    from registry.record.tokens import authenticate, create_token

    made_at, held_to = now(), [scope.value for scope in scopes or ()]
    with opened_database(read_settings().database) as engine, writing(engine) as connection:
        token = create_token(
            connection,
            name,
            [role.value for role in roles],
            now=made_at,
            expires=made_at + timedelta(days=days),
            scopes=held_to,
        )
        identity = authenticate(connection, token, now=made_at).actor
    print(token)
    say("token.once", to=sys.stderr, n=days)
    if identity != name:
        say("token.renamed", to=sys.stderr, name=one_line(identity))
    return 0


@_token.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
) -> int:
    """Revoke a token, with the sessions that it opened and the links that it lent, within two seconds."""
    from registry.record.database import opened_database, writing
    from registry.record.tokens import revoke_token

    with opened_database(read_settings().database) as engine, writing(engine) as connection:
        revoke_token(connection, token_id, now=now())
    say("token.revoked", token=token_id)
    return 0


@_token.command()
def link(
    token_id: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
) -> int:
    """Print a link that lets one browser into the pages, once, within a day and while the token is valid."""
    from hospital.errors import VigieError
    from registry.record.database import opened_database
    from registry.record.tokens import valid_caller
    from serving.http.authentication import entry_link

    settings = read_settings()
    with opened_database(settings.database) as engine, engine.connect() as connection:
        if valid_caller(connection, token_id, now=now()) is None:
            raise VigieError("verbs.token.no_valid")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"http://{host}:{settings.port}{entry_link(settings.home, token_id)}")
    return 0


@_token.command("list")
def show() -> int:
    """List the tokens, without their secrets."""
    from hospital.times import moment
    from registry.record.database import opened_database
    from registry.record.tokens import list_tokens

    with opened_database(read_settings().database) as engine, engine.connect() as connection:
        tokens = list(list_tokens(connection))
    rows = []
    for token in tokens:
        rights = ", ".join(token.roles) + (f" ({', '.join(token.scopes)})" if token.scopes else "")
        state = said(f"token.states.{token.state(now())}")
        if token.expires_at is not None:
            state = said("token.until", state=state, day=moment(token.expires_at).date())
        rows.append((token.token_id, one_line(token.identity), rights, state))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


@_webhook.command()
def secret(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
) -> int:
    """Print the secret by which an application verifies what it is sent."""
    from serving.interface.webhook_outbox import webhook_secret

    print(webhook_secret(read_settings().home, name))
    return 0


@_webhook.command("list")
def deliveries() -> int:
    """Count what was delivered, what waits and what was given up."""
    from registry.record.database import opened_database
    from serving.interface.webhook_outbox import waiting

    with opened_database(read_settings().database) as engine, engine.connect() as connection:
        for target, counts in sorted(waiting(connection).items()):
            states = ", ".join(said(f"webhook.{name}", n=n) for name, n in counts.items())
            print(f"{one_line(target):<24} {states}")
    return 0


app.add_typer(_token, name="token")
app.add_typer(_webhook, name="webhook")
