"""The demo: the whole way, from a simulated hospital to two explained answers, each finished step kept."""

import hashlib
import json
import multiprocessing
import queue
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.demo.service_process import LOG, interrupt_on_endings, post, refuse_taken_port, service
from cli.progress import bar
from hospital.dataset.samples import WARM_UP_DAYS
from hospital.errors import VigieError
from hospital.times import DAY, moment
from registry.digests import canonical_json, write_atomically
from registry.policy.board_policy import Policy, default_policy
from registry.settings import Settings
from registry.trust.candidates import MODELS, Candidate, candidates
from registry.trust.keys import demo_key
from registry.trust.promotion import current_release, promote
from registry.trust.reviews import review, standing_reviews
from registry.trust.trust_store import create_trust, load_trust, save_trust

__all__ = ["run_demo"]

HOME = Path("vigie-demo")
_MARGIN_DAYS = 18  # the longest horizon, the cut first day, and what the split rounds away
_ROLES = {"author": ("author",), "board-1": ("board",), "board-2": ("board",), "releaser": ("releaser",)}
_IMPORT_MORE_DAYS = 10  # further back than features look


def run_demo(*, days: int | None, serve: bool, seed: int, port: int) -> int:
    """Runs the demo; returns the exit code."""
    interrupt_on_endings()
    console, started, policy = Console(highlight=False, soft_wrap=True), time.monotonic(), default_policy()
    refuse_taken_port(port)
    home = HOME.resolve()
    settings = Settings(home=home, port=port, host="127.0.0.1", database_url="", language="fr")
    settings = settings.model_copy(update={"releases_dir": None, "trust_dir": None})
    _make_demo_home(settings, policy)
    data = _simulate(
        console, settings, days or policy.document.history_days + WARM_UP_DAYS + _MARGIN_DAYS, seed
    )
    found = _train(console, settings, data)
    checked = [
        _check(console, settings, candidate, policy) for candidate in found
    ]  # both, whatever the first says
    if not all(checked):
        return 1
    for candidate in found:
        _approve(console, settings, candidate)
        _release(console, settings, candidate)
    start = _observations(console, settings, data)
    token = _token(settings)
    console.print(f"[dim]Everything before serving took {time.monotonic() - started:.0f} s.[/dim]")
    with ExitStack() as running:
        with _step(console, "Serve") as said:
            process = running.enter_context(service(settings, start))
            said.append(f"http://127.0.0.1:{settings.port}, log in {HOME / LOG}")
        _ask(console, settings, token, start)
        if not serve:
            return 0
        _what_to_open(console, settings, token)
        return process.wait()


def _make_demo_home(settings: Settings, policy: Policy) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    if not (settings.trust / "trust.json").exists():
        create_trust(settings.trust, policy_digest=policy.digest, demo=True)
    trust = load_trust(settings.trust)
    if not trust.demo:
        raise VigieError(
            f"{settings.home} is not a demo's home: the demo's keys, known to everybody, are refused there."
        )
    for role, roles in _ROLES.items():
        trust = trust.with_person(demo_key(role), roles)
    save_trust(settings.trust, replace(trust, policy_digest=policy.digest))


@contextmanager
def _step(console: Console, what: str) -> Iterator[list[str]]:
    """Prints a step with what it found and how long it took; the list takes what is to be said."""
    started, said = time.monotonic(), list[str]()
    yield said
    took = time.monotonic() - started
    console.print(f"[green]✓[/green] {what:<34} {' '.join(said)} [dim]({took:.1f} s)[/dim]")


def _simulate(console: Console, settings: Settings, days: int, seed: int) -> Path:
    from importlib.resources import files

    from hospital.simulator import simulate, write

    parameters = files("hospital.simulator").joinpath("data", "parameters.toml").read_bytes()
    wanted = {"days": days, "seed": seed, "parameters": hashlib.sha256(parameters).hexdigest()}
    folder, marker = settings.home / "data", settings.home / "simulated.json"
    with _step(console, "Simulate a hospital") as said:
        if marker.exists() and json.loads(marker.read_bytes()) == wanted:
            said.append(f"{days} days, kept")
            return folder
        marker.unlink(missing_ok=True)
        with bar() as progress:
            tables = simulate(days, seed=seed, progress=lambda done: progress("simulate", done))
        write(tables, folder)
        write_atomically(marker, canonical_json(wanted))
        said.append(f"{days} days, {len(tables['visits']):,} visits, {len(tables['stays']):,} stays")
    return folder


def _train(console: Console, settings: Settings, data: Path) -> list[Candidate]:
    from hospital.features.definition_digest import feature_digest
    from hospital.ingest.hospital_reader import read_hospital
    from hospital.ingest.pseudonyms import load_or_create_key

    tables = read_hospital(data, None, load_or_create_key(settings.home / "pseudonym.key"))
    missing = []
    for model in MODELS:
        if not _kept(settings, model, tables.source_digest, feature_digest(model)):
            missing.append(model)
    with _step(console, "Train and register in MLflow") as said:
        if missing:
            _train_side_by_side(settings, data, missing)
        found = []
        for model in MODELS:
            kept = _kept(settings, model, tables.source_digest, feature_digest(model))
            if kept is None:
                raise VigieError(f"Training {model} did not finish: run the demo again.")
            found.append(kept)
        said.append(
            ", ".join(f"{c.model} version {c.version}" for c in found) + ("" if missing else ", kept")
        )
    console.print(f"  signed by [bold]{demo_key('author').name}[/bold] (author)")
    return found


def _kept(settings: Settings, model: str, data_digest: str, features: str) -> Candidate | None:
    for found in reversed(candidates(settings.candidates, model)):
        manifest = json.loads((found.package / "manifest.json").read_bytes())
        if manifest["data_digest"] == data_digest and manifest["feature_digest"] == features:
            return found
    return None


def _train_side_by_side(settings: Settings, data: Path, models: list[str]) -> None:
    """A process a model: each fits on one thread, so that two cores train both."""
    context = multiprocessing.get_context("spawn")
    told: multiprocessing.Queue[tuple[str, str, float]] = context.Queue()
    workers = [
        context.Process(target=_train_one, args=(m, str(settings.home), str(data), told)) for m in models
    ]
    # Ctrl-C reaches the whole group: the workers leave it to this process, which ends them.
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for worker in workers:
            worker.start()
    finally:
        signal.signal(signal.SIGINT, handler)
    done = dict.fromkeys(models, 0.0)
    try:
        with bar() as progress:
            while any(w.is_alive() for w in workers):
                try:
                    model, step, share = told.get(timeout=0.2)
                except queue.Empty:
                    continue
                done[model] = share
                progress(f"{model}: {step}", sum(done.values()) / len(done))
    except KeyboardInterrupt:
        for worker in workers:
            worker.terminate()
        raise
    finally:
        for worker in workers:
            worker.join(timeout=10)
            if worker.is_alive():
                worker.kill()
    failed = [m for m, w in zip(models, workers, strict=True) if w.exitcode != 0]
    if failed:
        raise VigieError(
            f"Training {' and '.join(failed)} did not finish: see above, and run the demo again."
        )


def _train_one(
    model: str, home: str, data: str, told: "multiprocessing.Queue[tuple[str, str, float]]"
) -> None:
    from hospital.ingest.hospital_reader import read_hospital
    from hospital.ingest.pseudonyms import load_or_create_key
    from training.train import Request, train

    try:
        settings = Settings(home=Path(home), database_url="")
        tables = read_hospital(Path(data), None, load_or_create_key(settings.home / "pseudonym.key"))

        def progress(step: str, share: float) -> None:
            told.put((model, step, share))

        key = demo_key("author")
        train(
            Request(model),
            tables,
            settings,
            key=key,
            now=datetime.now(UTC),
            progress=progress,
            comment="Démonstration",
        )
    except VigieError as error:
        print(f"vigie: {error}", file=sys.stderr)
        sys.exit(2)


def _check(console: Console, settings: Settings, candidate: Candidate, policy: Policy) -> bool:
    from registry.cards.report_table import print_report

    with _step(console, f"Check {candidate.model}") as said:
        if candidate.checked and candidate.digests()["policy_digest"] == policy.digest:
            body = candidate.json("report.json")
            said.append(f"{body['verdict']}, kept")
        else:
            from registry.check.run import check
            from training.child_commands import REFITS

            with bar() as progress:
                report = check(
                    settings,
                    candidate.model,
                    candidate.version,
                    policy,
                    now=datetime.now(UTC),
                    progress=progress,
                    refits=REFITS,
                )
            body = report.body
            said.append(
                str(body["verdict"]) + f", {len(body['scope'])} unit groups and horizons trusted, card sealed"
            )
    if body["verdict"] != "pass":
        print_report(body, settings.language, console)
        console.print("The gates are closed: nothing is released. That is what they are for.")
    return bool(body["verdict"] == "pass")


def _approve(console: Console, settings: Settings, candidate: Candidate) -> None:
    with _step(console, f"Approve {candidate.model}") as said:
        for role in ("board-1", "board-2"):
            key = demo_key(role)
            standing = standing_reviews(candidate, load_trust(settings.trust))
            if not any(s.name == key.name and s.decision == "approve" for s in standing):
                review(
                    settings,
                    candidate.model,
                    candidate.version,
                    key,
                    "approve",
                    "Demonstration: the gates are open.",
                    now=datetime.now(UTC),
                )
        said.append("signed by [bold]demo-board-1[/bold] and [bold]demo-board-2[/bold] (board)")


def _release(console: Console, settings: Settings, candidate: Candidate) -> None:
    with _step(console, f"Release {candidate.model}") as said:
        current = current_release(settings, candidate.model)
        digests = candidate.digests()
        if current is None or any(current.body[n] != digests[n] for n in ("package_digest", "card_digest")):
            key = demo_key("releaser")
            current = promote(settings, candidate.model, candidate.version, key, now=datetime.now(UTC))
        said.append(f"release {current.sequence}, signed by [bold]demo-releaser[/bold] (releaser)")


def _observations(console: Console, settings: Settings, data: Path) -> datetime:
    """Gives the service the last weeks of the simulated hospital; returns where its clock begins."""
    from sqlalchemy import delete, func, select

    from hospital.features.lookback import reach_days
    from hospital.ingest.event_columns import columns_of
    from hospital.ingest.hospital_reader import read_hospital
    from hospital.ingest.pseudonyms import load_or_create_key
    from registry.record.database import observations, open_database, writing
    from serving.state.history_import import rows_since
    from serving.state.observations import import_rows

    engine = open_database(settings.database)
    with _step(console, "Give the service the last weeks") as said:
        tables = read_hospital(data, None, load_or_create_key(settings.home / "pseudonym.key"))
        columns = {name: columns_of(frame, name) for name, frame in tables.tables.items()}
        end = max(int(columns[name]["received_at"].max()) for name in ("visits", "stays"))
        with writing(engine) as connection:
            latest = connection.execute(select(func.max(observations.c.received_at))).scalar_one()
            marker = settings.home / "observed.json"
            days = {name: reach_days(name) + _IMPORT_MORE_DAYS for name in columns}
            wanted = canonical_json({"source": tables.source_digest, "days": days})
            if not marker.exists() or marker.read_bytes() != wanted:
                if latest is not None:  # another hospital's rows: the demo holds one at a time
                    connection.execute(delete(observations))
                    latest = None
                for name, values in columns.items():
                    rows = rows_since(name, values, end - days[name] * DAY, tables.audit_attributes)
                    import_rows(connection, name, rows)
                write_atomically(marker, wanted)
                said.append(f"{days['visits']} days, {days['stays']} of stays")
            else:
                said.append("kept")
    start = moment(max(end, int(latest or 0)))
    console.print(
        f"  the demo's clock starts at the end of its data, {start:%Y-%m-%d %H:%M} UTC, and runs on"
    )
    return start


def _token(settings: Settings) -> str:
    from registry.record.database import open_database, writing
    from registry.record.tokens import ROLES, create_token

    path = settings.home / "demo-token"
    if path.exists():
        return path.read_text().strip()
    with writing(open_database(settings.database)) as connection:
        token = create_token(connection, "demo", ROLES, now=datetime.now(UTC))
        write_atomically(path, f"{token}\n".encode(), mode=0o600)
    return token


def _ask(console: Console, settings: Settings, token: str, start: datetime) -> None:
    visit = {
        "visit_id": "demo-visit",
        "department": "ED",
        "arrived_at": (start - timedelta(minutes=9)).isoformat(),
        "triaged_at": (start - timedelta(minutes=2)).isoformat(),
        "triage": "3B",
        "age_years": 67,
        "arrival_mode": "walk_in",
    }
    waits = post(settings, token, "/v1/wait-time", {"visits": [visit]})
    model, found = waits["model"], waits["predictions"][0]
    console.print("\n[bold]Attente d'un patient de tri 3B, 67 ans, arrivé il y a 9 minutes[/bold]")
    _show(console, model, found, found["wait_minutes"], "min")
    units = _units(settings)
    beds = post(settings, token, "/v1/bed-demand", {"units": units, "horizons_hours": [24]})
    trusted = [f for f in beds["forecasts"] if f["trust"]["status"] == "trusted"] or beds["forecasts"]
    chosen = max(trusted, key=lambda f: abs(f["beds"]["p50"] - f["explanation"]["base"]))
    console.print(f"\n[bold]Lits demandés dans l'unité {chosen['unit']}, dans 24 heures[/bold]")
    _show(console, beds["model"], chosen, chosen["beds"], "lits")


def _units(settings: Settings) -> list[str]:
    release = current_release(settings, "bed-demand")
    assert release is not None  # released a few lines above
    manifest = json.loads((release.package / "manifest.json").read_bytes())
    return [unit["unit"] for unit in manifest["units"]]


def _show(
    console: Console, model: dict[str, Any], found: dict[str, Any], forecast: dict[str, float], unit: str
) -> None:
    p10, p50, p90 = (f"{forecast[q]:.0f}" for q in ("p10", "p50", "p90"))
    console.print(f"  [bold cyan]{p50} {unit}[/bold cyan], huit fois sur dix entre {p10} et {p90} {unit}")
    if found.get("staffed") is not None:
        risk = found["tension_probability"]
        console.print(
            f"  {found['staffed']:.0f} lits ouverts ; probabilité d'en manquer : {100 * risk:.0f} %"
        )
    for reason in found["explanation"]["reasons"]:
        console.print(f"    • {reason}", markup=False)
    words = {"trusted": "de confiance", "baseline": "règle simple", "degraded": "dégradée"}
    trust = found["trust"]
    console.print(
        f"  {model['name']} version {model['version']} ({model['digest'][:19]}…), réponse {words[trust['status']]}"
    )
    for warning in trust["warnings"]:
        console.print(f"    ! {warning}", markup=False)


def _what_to_open(console: Console, settings: Settings, token: str) -> None:
    from serving.http.authentication import entry_link

    base = f"http://127.0.0.1:{settings.port}"
    console.print(
        f"\n[bold]Open[/bold] {base}{entry_link(settings.home)} (works once; later sign in with {token})"
    )
    console.print(f"  the cards: {base}/v1/models/wait-time/card and {base}/v1/models/bed-demand/card")
    console.print(
        f"  MLflow:    .venv/bin/mlflow ui --backend-store-uri sqlite:///{settings.home / 'mlflow.db'}"
    )
    console.print(f"  journal:   VIGIE_HOME={HOME} .venv/bin/vigie journal verify")
    console.print("Stop with Ctrl-C. Nothing here decides: people do, with a reason, in the journal.\n")
