"""One checkout's side of the comparison, from outside: its command line and its service, and what they left.

A side is made once and kept in its folder: the demo (simulate, train, check, approve, release), both cards, every row
of a second simulated hospital explained, and the answers of the service.
"""

import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.unchanged.checkout_service import SideError, environment, free_port, post, service
from benchmarks.unchanged.questions import questions
from registry.digests import write_atomically

__all__ = [
    "MODELS",
    "Side",
    "commit_of",
    "feature_digests",
    "make_side",
    "run_demo",
    "take_over",
]

MODELS = ("bed-demand", "wait-time")
OTHER_DAYS, OTHER_SEED = 70, 2  # a second hospital, whose rows are all explained; it trained nothing
ASK_WITHIN_SECONDS = 240  # the contracts take times up to five minutes ahead of the service's clock
_CHANGED = "+changed"
_KEY = hashlib.sha256(b"unchanged").hexdigest()  # of the pseudonyms: the same on both sides
_DEFINITIONS = """
import importlib, importlib.util, json, sys
asked = json.load(sys.stdin)
spec = importlib.util.spec_from_file_location("unchanged_renaming", asked["renaming"])
renaming = sys.modules["unchanged_renaming"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(renaming)
names = renaming.Names(asked["fields"], asked["values"])
module = importlib.import_module(asked["module"])
as_written = module.asdict
module.asdict = lambda feature: renaming.rename(as_written(feature), names, ("features",))
print(json.dumps({model: module.feature_digest(model) for model in asked["models"]}))
"""


@dataclass(frozen=True)
class Side:
    """What a checkout made.

    Attributes:
        name: "before" or "after".
        root: the checkout.
        folder: what it made.
    """

    name: str
    root: Path
    folder: Path

    @property
    def commit(self) -> str:
        """Of the checkout that made it."""
        return str(json.loads((self.folder / "side.json").read_bytes())["commit"])

    @property
    def home(self) -> Path:
        """The demo's home."""
        return self.folder / "vigie-demo"

    def candidate(self, model: str) -> Path:
        """The folder of a model's first version."""
        return self.home / "candidates" / model / "1"

    def package(self, model: str) -> dict[str, bytes]:
        """A model's package: content by file name."""
        return {path.name: path.read_bytes() for path in (self.candidate(model) / "package").iterdir()}

    @property
    def units(self) -> list[str]:
        """Of the bed model."""
        return [u["unit"] for u in json.loads(self.package("bed-demand")["manifest.json"])["units"]]

    def explained(self, model: str) -> Path:
        """The file with every row of the second hospital explained."""
        return self.folder / f"explained-{model}.parquet"

    def card(self, model: str) -> Path:
        """The card for machines."""
        return self.folder / f"card-{model}.json"

    @property
    def answers(self) -> Path:
        """The service's answers, in the order of the questions."""
        return self.folder / "answers.json"


def make_side(side: Side, days: int, seed: int) -> Side:
    """Makes what is not there yet.

    Raises:
        SideError: a command of the checkout failed.
    """
    take_over(side, {"commit": commit_of(side.root), "days": days, "seed": seed})
    clock = run_demo(side, days, seed)
    if not (side.folder / "other").exists():
        said = (
            "--days",
            str(OTHER_DAYS),
            "--seed",
            str(OTHER_SEED),
            "--out",
            str(side.folder / "other.part"),
        )
        _vigie(side, "simulate", *said)
        (side.folder / "other.part").rename(side.folder / "other")
    for model in MODELS:
        if not side.card(model).exists():
            _vigie(side, "card", model, "1", "--format", "json", "--out", str(side.card(model)))
        if not side.explained(model).exists():
            data, out = str(side.folder / "other"), str(side.explained(model))
            _vigie(side, "explain", model, "--data", data, "--out", out, "--language", "en")
    if not side.answers.exists():
        answers = _ask(side, clock)
        write_atomically(side.answers, json.dumps(answers, ensure_ascii=False).encode())
    return side


def feature_digests(
    root: Path, module: str, fields: Mapping[str, str], values: Mapping[str, Any]
) -> dict[str, str]:
    """The digests that a checkout's features would have under their new names, by model.

    Args:
        module: of the checkout, with `feature_digest`.
        fields, values: renames, as in the manifest.
    """
    asked = {"module": module, "models": MODELS, "fields": dict(fields), "values": dict(values)}
    asked["renaming"] = str(Path(__file__).with_name("renaming.py"))
    command = [str(root / ".venv/bin/python"), "-c", _DEFINITIONS]
    done = subprocess.run(
        command, cwd=root, input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SideError(f"The digest of the features before cannot be computed: {done.stderr[-500:]}")
    found: dict[str, str] = json.loads(done.stdout)
    return found


def take_over(side: Side, wanted: Mapping[str, Any]) -> None:
    """Goes on with what the same commit, hospital and seed left; what another left is made anew."""
    marker = side.folder / "side.json"
    if marker.exists():
        left = json.loads(marker.read_bytes())
        if left != dict(wanted) or str(wanted["commit"]).endswith(_CHANGED):
            print(
                f"{side.name}: what was there is of another commit, hospital or seed: made anew", flush=True
            )
            shutil.rmtree(side.folder)
    side.home.mkdir(parents=True, exist_ok=True)
    write_atomically(marker, json.dumps(dict(wanted)).encode())
    key = side.home / "pseudonym.key"
    if not key.exists():
        write_atomically(key, f"{_KEY}\n".encode(), mode=0o600)


def commit_of(root: Path) -> str:
    """The commit of a checkout, marked where its files are others.

    Raises:
        SideError: it is none, or nobody can say.
    """
    git = shutil.which("git")
    if git is None:
        raise SideError("git is not installed: nobody can say which commits are compared.")
    said = []
    for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no")):
        done = subprocess.run([git, *words], cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SideError(f"{root} is no checkout: {done.stderr.strip()}")
        said.append(done.stdout.strip())
    return said[0] + (_CHANGED if said[1] else "")


def run_demo(side: Side, days: int, seed: int) -> datetime:
    """Runs the demo, unless it was run; returns when its clock begins.

    Raises:
        SideError: it failed, or did not say when.
    """
    log = side.folder / "demo.log"
    if not log.exists():
        said = _vigie(
            side, "demo", "--no-serve", "--days", str(days), "--seed", str(seed), "--port", str(free_port())
        )
        write_atomically(log, said.encode())
    try:
        end = int(json.loads((side.home / "observed.json").read_bytes())["end"])
    except (OSError, ValueError, KeyError):
        raise SideError(f"{side.home} does not say when the demo's clock begins.") from None
    return datetime.fromtimestamp(end / 1e6, UTC)


def _vigie(side: Side, *words: str) -> str:
    """Runs a verb of the checkout over the demo's home; returns what it printed."""
    print(f"{side.name}: vigie {' '.join(words[:2])} …", flush=True)
    started = time.monotonic()
    command = [str(side.root / ".venv/bin/vigie"), *words]
    done = subprocess.run(
        command, cwd=side.folder, env=environment(side.home), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SideError(
            f"{side.name}: vigie {words[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-800:]}"
        )
    print(f"{side.name}: vigie {' '.join(words[:2])} took {time.monotonic() - started:.0f} s", flush=True)
    return done.stdout


def _ask(side: Side, clock: datetime) -> list[dict[str, Any]]:
    asked = questions(clock, side.units)
    print(f"{side.name}: {len(asked)} questions …", flush=True)
    token = (side.home / "demo-token").read_text().strip()
    deadline = time.monotonic() + ASK_WITHIN_SECONDS
    with service(side.root, side.folder, side.home, clock) as (_, base):
        answers = []
        for question in asked:
            if time.monotonic() > deadline:
                raise SideError(
                    f"{side.name}: the service started too slowly for questions of a fixed time: again."
                )
            answers.append(post(base, token, question))
    return answers
