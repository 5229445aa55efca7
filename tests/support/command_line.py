"""The verbs of the command line with their options, and how one fails."""

import pytest

from cli.main import main

__all__ = ["VERBS", "fails"]


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The words with which a command fails, without a traceback."""
    assert main(list(arguments)) == 2
    said = capsys.readouterr().err
    assert said.startswith("vigie: ")
    assert "Traceback" not in said
    return said


VERBS = {
    ("demo",): {"--days", "--seed", "--port", "--no-serve"},
    ("simulate",): {"--days", "--out", "--seed", "--start", "--unfair", "--shift", "--scale"},
    ("data", "check"): {"--mapping", "--horizons", "--out", "--json", "--language"},
    ("data", "map"): {"--out", "--force"},
    ("init",): {"--zone", "--language", "--finess", "--unit", "--person"},
    ("import",): {"--mapping", "--since"},
    ("train",): {
        "--data", "--mapping", "--horizons", "--test-from", "--key", "--baseline-only", "--tune", "--no-ablation",
        "--seed", "--threads", "--comment", "--json",
    },
    ("compare",): {"--data", "--mapping", "--json", "--language"},
    ("explain",): {"--data", "--out", "--version", "--mapping", "--plot", "--language"},
    ("why",): {"--of", "--since", "--against", "--language", "--json"},
    ("counterfactual",): {"--at-most", "--at-least", "--of", "--language", "--json"},
    ("check",): {"--language", "--policy", "--recent", "--mapping", "--json"},
    ("card",): {"--language", "--format", "--out"},
    ("review",): {"--language", "--approve", "--refuse", "--withdraw", "--comment", "--key"},
    ("promote",): {"--key"},
    ("rollback",): {"--key", "--to", "--reason"},
    ("feed",): {
        "--mapping", "--speed", "--to", "--token-file", "--from", "--hours", "--day", "--seed", "--scale", "--busy",
        "--again", "--language",
    },
    ("webhook", "list"): set(),
    ("webhook", "secret"): set(),
    ("key", "create"): {"--out", "--passphrase"},
    ("key", "public"): set(),
    ("key", "trust"): {"--role", "--replace", "--reason", "--key"},
    ("key", "retire"): {"--remove", "--reason", "--key"},
    ("stop",): {"--key", "--reason"},
    ("resume",): {"--key", "--reason"},
    ("trust", "init"): {"--reason", "--key"},
    ("policy",): {"--file", "--shipped", "--reason", "--key"},
    ("serve",): {"--port"},
    ("monitor",): {"--once", "--show", "--acknowledge", "--key", "--reason", "--json", "--language"},
    ("retrain",): {"--if-due", "--model", "--data", "--mapping", "--key", "--threads", "--json"},
    ("journal", "verify"): {"--public-key"},
    ("journal", "export"): set(),
    ("journal", "erase"): {"--subject", "--reason"},
    ("journal", "accept-lost-checkpoints"): {"--key", "--reason"},
    ("journal", "accept-restore"): {"--key", "--reason"},
    ("journal", "retain"): {"--carry-out"},
    ("token", "create"): {"--days", "--role", "--scope"},
    ("token", "link"): set(),
    ("token", "revoke"): set(),
    ("token", "list"): set(),
    ("doctor",): {"--json", "--language", "--mend"},
    ("decisions", "check"): {"--language"},
    ("levels", "check"): {"--language"},
    ("protocol", "add"): {"--key", "--language"},
    ("protocol", "review"): {"--key", "--comment", "--approve", "--language"},
    ("protocol", "use"): {"--key", "--reason", "--language"},
    ("protocol", "list"): {"--json", "--language"},
    ("protocol", "search"): {"--unit", "--language"},
}  # fmt: skip
