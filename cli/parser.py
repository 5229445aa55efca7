"""What the command line takes: every verb of every group, with typed arguments."""

from typing import Annotated

import typer
from typer.core import TyperGroup

from cli.commands import (
    board_commands,
    doctor_commands,
    import_commands,
    init_commands,
    journal_commands,
    level_commands,
    model_commands,
    monitor_commands,
    protocol_commands,
    retrain_commands,
    service_commands,
    stop_commands,
    table_commands,
    trust_commands,
)

__all__ = ["make_app"]

_GROUPS = (
    table_commands,
    init_commands,
    journal_commands,
    import_commands,
    model_commands,
    board_commands,
    trust_commands,
    stop_commands,
    service_commands,
    monitor_commands,
    retrain_commands,
    protocol_commands,
    doctor_commands,
    level_commands,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # which every other verb would wait for

        print(f"vigie {version('vigie')}")
        raise typer.Exit


def _print_help(context: typer.Context, wanted: bool) -> None:
    if wanted:
        print(context.get_help())
        raise typer.Exit


def _vigie(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True),
    ] = False,
    # In place of Typer's own, which loads pydantic before each verb: its help and completion would wait for that.
    show_help: Annotated[
        bool,
        typer.Option("--help", "-h", callback=_print_help, is_eager=True),
    ] = False,
) -> None:
    """Explainable forecasts for public hospitals."""


def make_app(root: type[TyperGroup]) -> typer.Typer:
    """All verbs as one application.

    Args:
        root: the class of the outermost group: it decides what becomes of an error.
    """
    # Help is plain text: Rich more than doubles the start (docs/adr/0011), and frames what people copy.
    app = typer.Typer(
        cls=root,
        add_help_option=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_vigie)
    for group in _GROUPS:
        app.add_typer(group.app)
    return app
