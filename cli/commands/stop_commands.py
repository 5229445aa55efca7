"""`vigie stop` and `resume`: the baseline answers at once, and the model speaks again when the board says so."""

import typer

from cli.arguments import BoardKeys, Model, PersonKey, Reason
from cli.installation import now, read_settings
from cli.reader import say

__all__ = ["app"]

app = typer.Typer()


@app.command()
def stop(
    model: Model,
    key: PersonKey,
    reason: Reason,
) -> int:
    """Stop a model at once: every worker answers with the baseline within two seconds."""
    from registry.trust.keys import load_key
    from registry.trust.model_stops import stop_model

    name = stop_model(read_settings(), model, load_key(key), reason=reason, now=now())
    say("stop.done", name=name, model=model)
    return 0


@app.command()
def resume(
    model: Model,
    keys: BoardKeys,
    reason: Reason = "",
) -> int:
    """Let a stopped model speak again, as a quorum of the board: together, or one after the other."""
    from registry.trust.keys import load_key
    from registry.trust.model_stops import resume_model

    names = resume_model(read_settings(), model, [load_key(k) for k in keys], reason=reason, now=now())
    say("stop.resumed", names=tuple(names), model=model)
    return 0
