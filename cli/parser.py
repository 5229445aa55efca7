"""What the command line takes: its verbs, and what each may be given. It loads nothing of what they need."""

import argparse
from collections.abc import Callable
from datetime import date
from pathlib import Path

__all__ = ["make_parser"]

_MODELS = ("bed-demand", "wait-time")
_Add = Callable[[str, str], argparse.ArgumentParser]


def make_parser() -> argparse.ArgumentParser:
    """The parser; what it gives names its ``verb``."""
    parser = argparse.ArgumentParser("vigie", description="Explainable forecasts for public hospitals.")
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def add(name: str, about: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=about, description=about)
        sub.set_defaults(verb=name)
        return sub

    for part in (_tables, _models, _board, _keys, _service):
        part(add)
    return parser


def _tables(add: _Add) -> None:
    """Simulated and real tables, before any training."""
    demo = add("demo", "simulate, train, check, approve with demo keys, release, serve, show two answers")
    demo.add_argument("--days", type=int, help="days to simulate (default: as many as the policy needs)")
    demo.add_argument("--seed", type=int, default=1)
    demo.add_argument("--port", type=int, default=3000)
    demo.add_argument("--no-serve", action="store_true", help="stop after the two answers")
    simulate = add("simulate", "write the tables of a simulated hospital")
    simulate.add_argument("--days", type=int, required=True)
    simulate.add_argument("--out", type=Path, required=True, metavar="DIR")
    simulate.add_argument("--seed", type=int, default=1)
    simulate.add_argument("--start", type=date.fromisoformat, default=date(2024, 1, 1), metavar="DATE")
    simulate.add_argument("--unfair", metavar="ATTR=VALUE:FACTOR", help="as in sex=F:1.4")
    simulate.add_argument("--shift", metavar="FACTOR@DAY", help="as in 1.6@460")
    data = add("data", "look at a hospital's tables before any training").add_subparsers(
        metavar="WHAT", required=True
    )
    look = data.add_parser(
        "check", help="what the tables hold (0 clean, 1 a person should look, 2 unreadable)"
    )
    look.add_argument("data", type=Path, metavar="DIR|FILE")
    look.add_argument("--mapping", type=Path, metavar="FILE", help="see docs/mappings.md")
    look.add_argument("--horizons", type=_horizons, default=(), metavar="4h,24h,3d")
    look.add_argument("--out", type=Path, metavar="FILE.html", help="a page with pictures")
    look.add_argument("--json", action="store_true")
    look.add_argument("--language", choices=("fr", "en"))
    look.set_defaults(verb="data check")
    draft = data.add_parser("map", help="draft a mapping from a file's header and values, for you to finish")
    draft.add_argument(
        "file", type=Path, metavar="FILE", help=".csv, .csv.gz, .parquet, .xlsx or an RPU export (.xml)"
    )
    draft.add_argument("--out", type=Path, metavar="FILE.toml", help="(default: the terminal)")
    draft.add_argument("--force", action="store_true", help="replace a file that is there")
    draft.set_defaults(verb="data map")


def _models(add: _Add) -> None:
    """Training, and what a model says of every row."""
    train = add("train", "train a model and register it as a candidate")
    train.add_argument("model", choices=_MODELS)
    train.add_argument("--data", type=Path, required=True, metavar="DIR|FILE")
    train.add_argument("--mapping", type=Path, metavar="FILE", help="see docs/mappings.md")
    train.add_argument("--horizons", type=_horizons, default=(), metavar="4h,24h,3d")
    train.add_argument("--test-from", type=date.fromisoformat, metavar="DATE", help="start of the judge part")
    train.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="the author's key; without it, a candidate nobody can approve",
    )
    train.add_argument(
        "--baseline-only",
        action="store_true",
        help="a version of the simplest rules alone, for a hospital with less than half a year of history",
    )
    train.add_argument(
        "--tune",
        type=_trials,
        default=0,
        metavar="N",
        help="try N ways for trees to grow first; stopped, it goes on",
    )
    train.add_argument(
        "--no-ablation", action="store_true", help="do not find what each group of features is worth"
    )
    train.add_argument("--seed", type=int, default=1)
    train.add_argument("--threads", type=int, default=1)
    train.add_argument("--comment", default="", help="what is new, for the board")
    train.add_argument("--json", action="store_true")
    compare = add("compare", "set two versions side by side on rows that neither was fitted on")
    compare.add_argument("model", choices=_MODELS)
    compare.add_argument("first", metavar="A")
    compare.add_argument("second", metavar="B")
    compare.add_argument(
        "--data", type=Path, metavar="DIR|FILE", help="other tables (default: those that B was trained on)"
    )
    compare.add_argument("--mapping", type=Path, metavar="FILE", help="see docs/mappings.md")
    compare.add_argument("--json", action="store_true")
    compare.add_argument("--language", choices=("fr", "en"))
    explain = add("explain", "forecast and explain every row of the tables, into one Parquet file")
    explain.epilog = (
        "Stopped, it goes on where it was when started again with the same inputs; what is finished meanwhile lies "
        "in FILE.parquet.parts. Ids in the file are pseudonyms."
    )
    explain.add_argument("model", choices=_MODELS)
    explain.add_argument("--data", type=Path, required=True, metavar="DIR|FILE", help="the hospital's tables")
    explain.add_argument("--out", type=Path, required=True, metavar="FILE.parquet")
    explain.add_argument("--version", metavar="N", help="a checked version (default: the current release)")
    explain.add_argument("--mapping", type=Path, metavar="FILE", help="see docs/mappings.md")
    explain.add_argument("--language", choices=("fr", "en"), help="of warnings and columns' labels")


def _board(add: _Add) -> None:
    """From a candidate to a release."""
    check = add("check", "recompute, judge by the policy, seal report and card (0 pass, 1 not, 2 error)")
    card = add("card", "the model card")
    review = add("review", "approve or refuse a checked version, as a board member")
    promote = add("promote", "release an approved version, as the releaser")
    for sub in (check, card, review, promote):
        sub.add_argument("model", choices=_MODELS)
        sub.add_argument("version")
    for sub in (check, card, review):
        sub.add_argument("--language", choices=("fr", "en"))
    check.add_argument("--policy", type=Path, metavar="FILE")
    check.add_argument(
        "--recent",
        type=Path,
        metavar="DIR|FILE",
        help="judge later days than it was registered on; told and journaled, seals nothing",
    )
    check.add_argument("--mapping", type=Path, metavar="FILE", help="of the recent tables")
    check.add_argument("--json", action="store_true")
    card.add_argument("--format", choices=("html", "json"), default="html")
    card.add_argument("--out", type=Path, metavar="FILE")
    answer = review.add_mutually_exclusive_group(required=True)
    answer.add_argument("--approve", action="store_true")
    answer.add_argument("--refuse", action="store_true")
    review.add_argument("--comment", required=True)
    review.add_argument("--key", type=Path, required=True, metavar="FILE")
    promote.add_argument("--key", type=Path, required=True, metavar="FILE")
    rollback = add("rollback", "release the version before again, as the releaser")
    rollback.add_argument("model", choices=_MODELS)
    rollback.add_argument("--key", type=Path, required=True, metavar="FILE")


def _keys(add: _Add) -> None:
    """Whom and what to trust."""
    key = add("key", "make keys, and say whom to trust").add_subparsers(metavar="WHAT", required=True)
    create = key.add_parser("create", help="make a person's key")
    create.add_argument("name")
    create.add_argument("--out", type=Path, metavar="FILE")
    create.set_defaults(verb="key create")
    trust = key.add_parser("trust", help="add a public key with its roles to the trust folder")
    trust.add_argument("name")
    trust.add_argument("public_key")
    trust.add_argument("--role", action="append", required=True, choices=("author", "board", "releaser"))
    trust.set_defaults(verb="key trust")
    policy = add("policy", "put a policy in force (default: the one that ships)")
    policy.add_argument("--file", type=Path, metavar="FILE")


def _service(add: _Add) -> None:
    """The service and its records."""
    serve = add("serve", "serve the released versions over HTTP")
    serve.add_argument("--port", type=int)
    monitor = add(
        "monitor", "follow the released versions (started by serve); 0 no new alarm, 1 a new one, 2 an error"
    )
    monitor.add_argument("--once", action="store_true", help="look once, and end")
    monitor.add_argument("--show", action="store_true", help="the figures and alarms of the last look")
    monitor.add_argument("--clear", metavar="ALARM", help="say that an alarm no longer counts, and why")
    monitor.add_argument("--key", type=Path, metavar="FILE", help="key of the board's member who clears it")
    monitor.add_argument("--reason", default="", metavar="TEXT", help="why it is cleared")
    monitor.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    monitor.add_argument("--json", action="store_true")
    monitor.add_argument("--language", choices=("fr", "en"))
    retrain = add(
        "retrain", "train a candidate where one is due: never a release (0 trained, 1 not due, 2 an error)"
    )
    retrain.add_argument(
        "--if-due", action="store_true", required=True, help="only where it is due, and say why"
    )
    retrain.add_argument("--model", choices=_MODELS, help="(default: both)")
    retrain.add_argument(
        "--data", type=Path, required=True, metavar="DIR|FILE", help="the hospital's tables today"
    )
    retrain.add_argument("--mapping", type=Path, metavar="FILE", help="see docs/mappings.md")
    retrain.add_argument(
        "--key", type=Path, metavar="FILE", help="the author's key; without it nobody can approve"
    )
    retrain.add_argument("--threads", type=int, default=1)
    retrain.add_argument("--json", action="store_true")
    journal = add("journal", "verify or export the journal")
    journal.add_argument("what", choices=("verify", "export"))
    token = add("token", "make, revoke or list tokens")
    token.add_argument("what", choices=("create", "revoke", "list"))
    token.add_argument("name", nargs="?", default="", help="of whom it is, or the id to revoke")
    token.add_argument("--role", action="append", default=[])


def _trials(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 500:
        raise argparse.ArgumentTypeError("between 1 and 500 trials")
    return int(text)


def _horizons(text: str) -> tuple[float, ...]:
    out = []
    for part in text.split(","):
        number, unit = part.strip()[:-1], part.strip()[-1:]
        if unit not in ("h", "d") or not number.isdigit():
            raise argparse.ArgumentTypeError("horizons are written as in 4h,24h,3d")
        out.append(float(number) * (24 if unit == "d" else 1))
    return tuple(out)
