"""The demo's training: both models at once, a process each, unless the home has them already."""

import json
import multiprocessing
import queue
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from cli.demo.steps import model_words, note, step
from cli.installation import boarding_threshold, read_tables
from cli.progress import bar
from hospital.errors import VigieError
from registry.candidates.candidates import Candidate, candidates
from registry.package.manifest import MODELS
from registry.settings import Settings
from registry.trust.keys import demo_key

__all__ = ["already_trained", "train_models"]


def train_models(console: Console, settings: Settings, data: Path) -> list[Candidate]:
    """Trains and registers both models, if the home has no versions of this data, these features and this threshold
    of boarders.

    Raises:
        VigieError: a training did not finish.
    """
    from hospital.features.definition_digest import feature_digest

    tables = read_tables(settings, data, None)
    missing = []
    for model in MODELS:
        if not already_trained(settings, model, tables.source_digest, feature_digest(model)):
            missing.append(model)
    with step(console, settings, "train") as notes:
        if missing:
            _train_side_by_side(settings, data, missing)
        versions = []
        for model in MODELS:
            kept = already_trained(settings, model, tables.source_digest, feature_digest(model))
            if kept is None:
                raise VigieError("verbs.demo.not_trained", models=model)
            versions.append(kept)
        named = [(model_words(c.model, settings.language), c.version) for c in versions]
        notes += [note(settings, "version", model=model, version=version) for model, version in named]
        if not missing:
            notes.append(note(settings, "present"))
    author = f"[bold]{demo_key('author').name}[/bold]"
    console.print(f"  {note(settings, 'authored', name=author)}")
    return versions


def already_trained(settings: Settings, model: str, data_digest: str, features: str) -> Candidate | None:
    """The newest version of a model of this data, these features and the threshold of boarders that the levels name.

    None: the home has none, and it is to be trained.
    """
    for version in reversed(candidates(settings.candidates, model)):
        manifest = json.loads((version.package / "manifest.json").read_bytes())
        same = manifest["data_digest"] == data_digest and manifest["feature_digest"] == features
        if same and manifest["configuration"].get("boarders_above") == boarding_threshold(settings):
            return version
    return None


def _train_side_by_side(settings: Settings, data: Path, models: list[str]) -> None:
    """A process a model: each fits on one thread, so that two cores train both."""
    context = multiprocessing.get_context("spawn")
    steps: multiprocessing.Queue[tuple[str, str, float]] = context.Queue()
    workers = [
        context.Process(target=_train_one, args=(m, str(settings.home), str(data), steps)) for m in models
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
                    model, step, share = steps.get(timeout=0.2)
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
        raise VigieError("verbs.demo.not_trained", models=tuple(failed))


def _train_one(
    model: str, home: str, data: str, steps: "multiprocessing.Queue[tuple[str, str, float]]"
) -> None:
    from training.packages.xgboost_loading import load_alone

    load_alone()
    from training.packages.package_request import Request
    from training.train import train

    try:
        settings = Settings(home=Path(home), database_url="")
        tables = read_tables(settings, Path(data), None)

        def progress(step: str, share: float) -> None:
            steps.put((model, step, share))

        key = demo_key("author")
        train(
            Request(model, boarders_above=boarding_threshold(settings)),
            tables,
            settings,
            key=key,
            now=datetime.now(UTC),
            progress=progress,
            comment="Démonstration",
        )
    except VigieError as error:
        print(f"vigie: {error.words(settings.language)}", file=sys.stderr)
        sys.exit(2)
