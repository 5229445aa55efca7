"""The command line of Vigie: one verb a job, each importing only what it needs."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.child_process import command
from cli.parser import make_parser
from hospital.errors import VigieError

if TYPE_CHECKING:
    from registry.settings import Settings

__all__ = ["main"]

Verb = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a verb; returns the exit code: 0 done, 1 blocked or inconclusive (check), 2 an error."""
    given = make_parser().parse_args(arguments)
    try:
        return _VERBS[given.verb](given)
    except VigieError as error:
        print(f"vigie: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nvigie: stopped; what was finished is kept, the rest is not there.", file=sys.stderr)
        return 130
    except _database_error() as error:
        kind = type(getattr(error, "orig", error)).__name__  # never its text: it holds what was to be written
        print(f"vigie: the database refused ({kind}): is it locked, full or read-only?", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    except OSError as error:
        where = f" ({Path(error.filename).name})" if isinstance(error.filename, str) else ""
        print(
            f"vigie: {error.strerror or 'the system refused'}{where}: check space, path and rights.",
            file=sys.stderr,
        )
        return 2


def _database_error() -> type[Exception]:
    """SQLAlchemy's error, where a verb has loaded it; else one that nobody raises."""
    module = sys.modules.get("sqlalchemy.exc")
    return module.DBAPIError if module is not None else _NeverError


class _NeverError(Exception):
    """Stands for the errors of a library that was not loaded."""


def _settings() -> "Settings":
    from pydantic import ValidationError

    from registry.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        names = ", ".join(f"VIGIE_{str(e['loc'][0]).upper().removeprefix('VIGIE_')}" for e in error.errors())
        raise VigieError(f"These settings are wrong: {names}. See docs/settings.md.") from None


def _now() -> datetime:
    return datetime.now(UTC)


def _demo(given: argparse.Namespace) -> int:
    from cli.demo.run import run_demo

    return run_demo(days=given.days, serve=not given.no_serve, seed=given.seed, port=given.port)


def _simulate(given: argparse.Namespace) -> int:
    from cli.progress import bar
    from hospital.simulator import Shift, Unfair, simulate, write

    try:
        unfair = Unfair.parse(given.unfair) if given.unfair else None
        shift = Shift.parse(given.shift) if given.shift else None
        with bar() as progress:
            tables = simulate(
                given.days,
                seed=given.seed,
                start=given.start,
                unfair=unfair,
                shift=shift,
                progress=lambda done: progress("simulate", done),
            )
    except ValueError as error:
        raise VigieError(str(error)) from None
    write(tables, given.out)
    print(f"{given.days} days in {given.out}: " + ", ".join(f"{len(t):,} {n}" for n, t in tables.items()))
    return 0


def _data_check(given: argparse.Namespace) -> int:
    from cli.table_commands import check_data

    return check_data(given, given.language or _settings().language)


def _data_map(given: argparse.Namespace) -> int:
    from cli.table_commands import map_data

    return map_data(given)


def _train(given: argparse.Namespace) -> int:
    from cli.progress import bar
    from hospital.dataset.splits import BASELINE_FIRST_DAYS, Kind
    from hospital.ingest.hospital_reader import read_hospital
    from hospital.ingest.pseudonyms import load_or_create_key
    from hospital.mapping.mapping_file import load_mapping
    from hospital.times import instant
    from registry.trust.keys import load_key
    from training.train import Request, train

    settings = _settings()
    key = load_key(given.key) if given.key else None
    mapping = load_mapping(given.mapping) if given.mapping else None
    _make_home(settings)
    tables = read_hospital(given.data, mapping, load_or_create_key(settings.home / "pseudonym.key"))
    judge_from = None
    if given.test_from:
        local = datetime.combine(given.test_from, datetime.min.time(), tables.zone)
        judge_from = instant(local)
    kind: Kind = "baseline" if given.baseline_only else "model"
    request = Request(
        given.model,
        given.horizons,
        judge_from,
        given.seed,
        given.threads,
        kind,
        trials=given.tune,
        ablation=not given.no_ablation,
    )
    with bar() as progress:
        done = train(request, tables, settings, key=key, now=_now(), progress=progress, comment=given.comment)
    for finding in tables.findings:
        print(f"note: {finding.table}: {finding.message}")
    if kind == "model" and done.days < BASELINE_FIRST_DAYS:
        print(
            f"note: {done.days:.0f} days of history, less than six months: --baseline-only makes a first version of "
            "the simplest rules, which a board can release while the history grows."
        )
    version = done.candidate.version
    if given.json:
        print(json.dumps({"model": given.model, "version": version, "metrics": done.metrics}))
        return 0
    print(f"{given.model} version {version} is registered. Mean absolute errors on its judge part:")
    for name, value in done.metrics.items():
        print(f"  {name:<32} {value:8.2f}")
    if done.tuned is not None:
        tried, kept = len(done.tuned.trials), done.tuned.kept
        first, best = done.tuned.trials[0]["loss"], min(t["loss"] for t in done.tuned.trials)
        print(f"Of {tried} ways for trees to grow ({kept} kept from before) the best is {done.tuned.growth}:")
        print(
            f"  error on the last days of the fit part {best:.4f}, of the default {first:.4f} (in units of the scale)"
        )
    if done.ablation:
        print(
            "Without each group of features, the error on the last days of the fit part would be higher by:"
        )
        for left in sorted(done.ablation[1:], key=lambda a: -a.rise):
            print(f"  {left.group:<32} {100 * left.rise:+8.1f} %   ({left.features} features)")
    if key is None:
        print(
            "It is unsigned: it can be checked, but never approved. Train with --key to propose it to the board."
        )
    print(f"Next: vigie check {given.model} {version}")
    return 0


def _check(given: argparse.Namespace) -> int:
    from cli.progress import bar
    from hospital.ingest.hospital_reader import read_hospital
    from hospital.ingest.pseudonyms import load_or_create_key
    from hospital.mapping.mapping_file import load_mapping
    from registry.cards.report_table import print_report
    from registry.check.run import check, policy_from
    from registry.gates import Verdict
    from registry.policy.board_policy import default_policy
    from training.child_commands import REFITS

    settings = _settings()
    policy = policy_from(given.policy, default_policy())
    recent = None
    if given.mapping is not None and given.recent is None:
        raise VigieError("--mapping is that of the recent tables: name them with --recent.")
    if given.recent is not None:
        mapping = load_mapping(given.mapping) if given.mapping else None
        recent = read_hospital(given.recent, mapping, load_or_create_key(settings.home / "pseudonym.key"))
    with bar(hidden=given.json) as progress:
        report = check(
            settings,
            given.model,
            given.version,
            policy,
            now=_now(),
            progress=progress,
            refits=REFITS,
            recent=recent,
        )
    if given.json:
        print(json.dumps(report.for_machines()))
    else:
        print_report(report.body, given.language or settings.language)
    return 0 if report.verdict is Verdict.PASS else 1


def _compare(given: argparse.Namespace) -> int:
    from cli.progress import bar
    from hospital.ingest.hospital_reader import read_hospital
    from hospital.ingest.pseudonyms import load_or_create_key
    from hospital.mapping.mapping_file import load_mapping
    from registry.compare.comparison import compare
    from registry.compare.comparison_table import print_comparison
    from registry.mlflow_store import add_comparison

    settings = _settings()
    tables = None
    if given.data is not None:
        mapping = load_mapping(given.mapping) if given.mapping else None
        tables = read_hospital(given.data, mapping, load_or_create_key(settings.home / "pseudonym.key"))
    with bar(hidden=given.json) as progress:
        found = compare(settings, given.model, given.first, given.second, tables=tables, progress=progress)
    body = found.for_machines()
    add_comparison(settings.home, given.model, given.second, f"vs-{given.first}", body, found.metrics())
    if given.json:
        print(json.dumps(body))
    else:
        print_comparison(found, given.language or settings.language)
    return 0


def _explain(given: argparse.Namespace) -> int:
    from cli.progress import bar
    from hospital.mapping.mapping_file import load_mapping
    from registry.bulk.run import Request, explain_all

    settings = _settings()
    mapping = load_mapping(given.mapping) if given.mapping else None
    language = given.language or settings.language
    request = Request(given.model, given.version, given.data, mapping, given.out, language)
    with bar() as progress:
        done = explain_all(
            request, settings, progress=progress, tell=lambda words: print(f"note: {words}", file=sys.stderr)
        )
    for finding in done.findings:
        print(f"note: {finding.table}: {finding.message}")
    if done.kept:
        print(f"{done.kept} of {done.parts} parts were kept from a run that was stopped.")
    print(f"{done.rows:,} rows explained by {given.model} version {done.subject.version} are in {given.out}.")
    return 0


def _card(given: argparse.Namespace) -> int:
    from registry.cards.card_page import render_html
    from registry.trust.candidates import candidate

    settings = _settings()
    card = candidate(settings.candidates, given.model, given.version).json("card.json")
    if given.format == "json":
        text = json.dumps(card, ensure_ascii=False, indent=2)
    else:
        text = render_html(card, given.language or settings.language)
    if given.out is None:
        print(text)
    else:
        from registry.digests import write_atomically

        write_atomically(given.out, text.encode())
        print(f"The card is in {given.out}.")
    return 0


def _key_create(given: argparse.Namespace) -> int:
    from registry.trust.keys import create_key

    path = given.out or Path(f"{given.name}.key")
    key = create_key(given.name, path)
    print(f"{path} is {given.name}'s private key: keep it from everybody else. Public key: {key.public_key}")
    return 0


def _key_trust(given: argparse.Namespace) -> int:
    from registry.policy.board_policy import default_policy
    from registry.trust.trust_store import create_trust, update_trust

    folder = _settings().trust
    if not (folder / "trust.json").exists():
        create_trust(folder, policy_digest=default_policy().digest)
    update_trust(folder, lambda trust: trust.with_key(given.name, given.public_key, tuple(given.role)))
    print(f"{given.name} is trusted as {', '.join(given.role)} in {folder}.")
    return 0


def _policy(given: argparse.Namespace) -> int:
    from registry.check.run import policy_from
    from registry.policy.board_policy import default_policy
    from registry.trust.trust_store import create_trust, update_trust

    folder, policy = _settings().trust, policy_from(given.file, default_policy())
    if not (folder / "trust.json").exists():
        create_trust(folder, policy_digest=policy.digest)
    update_trust(folder, lambda trust: trust.with_policy(policy.digest))
    print(f"In force: {policy.document.name} ({policy.digest}).")
    return 0


def _review(given: argparse.Namespace) -> int:
    from registry.cards.report_table import print_report
    from registry.trust.candidates import candidate
    from registry.trust.keys import load_key
    from registry.trust.reviews import Decision, review

    settings = _settings()
    found = candidate(settings.candidates, given.model, given.version)
    seen = found.digests()
    print_report(found.json("card.json"), given.language or settings.language)
    decision: Decision = "approve" if given.approve else "refuse"
    key = load_key(given.key)
    review(settings, given.model, given.version, key, decision, given.comment, now=_now(), seen=seen)
    print(f"{key.name} {decision}s {given.model} version {given.version}: signed and in the journal.")
    return 0


def _promote(given: argparse.Namespace) -> int:
    from registry.trust.keys import load_key
    from registry.trust.promotion import promote

    release = promote(_settings(), given.model, given.version, load_key(given.key), now=_now())
    print(
        f"{release.model} version {release.version} is release {release.sequence}: the service loads it by itself."
    )
    return 0


def _rollback(given: argparse.Namespace) -> int:
    from registry.trust.keys import load_key
    from registry.trust.promotion import rollback

    release = rollback(_settings(), given.model, load_key(given.key), now=_now())
    print(f"{release.model} is back at version {release.version}, as release {release.sequence}.")
    return 0


def _serve(given: argparse.Namespace) -> int:
    from serving.supervisor import serve

    settings = _settings()
    if given.port:
        settings = settings.model_copy(update={"port": given.port})
    monitor = command("monitor", "--parent", str(os.getpid()))
    return serve(settings, monitor_command=monitor)


def _monitor(given: argparse.Namespace) -> int:
    from cli.monitor_commands import run_monitor

    return run_monitor(given, _settings(), now=_now)


def _retrain(given: argparse.Namespace) -> int:
    from cli.retrain_commands import retrain
    from registry.trust.candidates import MODELS

    return retrain(given, _settings(), [given.model] if given.model else list(MODELS), now=_now())


def _journal(given: argparse.Namespace) -> int:
    from registry.record.database import open_database
    from registry.record.journal import entries, verify
    from serving.forecasting import decision_record as decisions
    from serving.forecasting import prediction_record as predictions

    with open_database(_settings().database).connect() as connection:
        if given.what == "export":
            for entry in entries(connection):
                print(json.dumps({**entry.__dict__, "subjects": dict(entry.subjects)}, ensure_ascii=False))
            return 0
        faults = [*verify(connection), *predictions.edited(connection), *decisions.edited(connection)]
        count = sum(1 for _ in entries(connection))
    for fault in faults:
        print(f"entry {fault.seq}: {fault.message}")
    print(
        f"{count} entries: "
        + ("the chain is whole." if not faults else f"{len(faults)} faults. It was edited.")
    )
    return 0 if not faults else 1


def _token(given: argparse.Namespace) -> int:
    from registry.record.database import open_database, writing
    from registry.record.tokens import create_token, list_tokens, revoke_token

    engine = open_database(_settings().database)
    if given.what == "list":
        with engine.connect() as connection:
            for token in list_tokens(connection):
                state = "revoked" if token.revoked_at else "valid"
                print(f"{token.token_id}  {token.name:<24} {', '.join(token.roles):<32} {state}")
        return 0
    with writing(engine) as connection:
        if given.what == "create":
            print(create_token(connection, given.name, given.role, now=_now()))
            print("This is shown once: only a hash is kept.", file=sys.stderr)
        else:
            revoke_token(connection, given.name, now=_now())
            print(f"Token {given.name} is revoked.")
    return 0


def _make_home(settings: "Settings") -> None:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        probe = settings.home / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise VigieError(
            f"{settings.home} cannot be written ({error.strerror}): set VIGIE_HOME to a folder that you may write."
        ) from None


_VERBS: Mapping[str, Verb] = {
    "demo": _demo,
    "simulate": _simulate,
    "data check": _data_check,
    "data map": _data_map,
    "train": _train,
    "compare": _compare,
    "explain": _explain,
    "check": _check,
    "card": _card,
    "review": _review,
    "promote": _promote,
    "rollback": _rollback,
    "monitor": _monitor,
    "retrain": _retrain,
    "key create": _key_create,
    "key trust": _key_trust,
    "policy": _policy,
    "serve": _serve,
    "journal": _journal,
    "token": _token,
}
