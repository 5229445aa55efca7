"""The command: `python -m benchmarks.mutants`, which `make mutants` calls."""

import argparse
import json
import os
import sys
from pathlib import Path

# Before NumPy is imported: a process with threads cannot be forked safely.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

from benchmarks.mutants.choice import Choice, changed_files, head, mutations_in, uncommitted
from benchmarks.mutants.folders import ROOT, Folder, HarnessError, Reasons, read_folders
from benchmarks.mutants.run import FolderRun, run_folder

_HERE = Path(__file__).resolve().parent
_RESULTS = ROOT / "benchmarks" / "results" / "mutants.json"
_STATE = ROOT / ".bench" / "mutants"


def main(arguments: list[str] | None = None) -> int:
    """Runs the chosen mutants; 1 where fewer than 90 % of a folder's are killed, 2 where they cannot be judged."""
    asked = _parser().parse_args(arguments)
    if asked.sample is not None and asked.seed is None:
        raise SystemExit("A sample needs a seed: SAMPLE=150 SEED=<n>.")
    choice = Choice(asked.sample, asked.seed or 0, changed=not asked.all and asked.sample is None)
    try:
        reasons = Reasons.read(_HERE.parent / "mutants_equivalent.toml")
        folders = read_folders(_HERE / "folders.toml", asked.folder)
        runs = [run for folder in folders if (run := _one(folder, choice, asked)) is not None]
    except HarnessError as error:
        _tell(str(error))
        return 2
    except KeyboardInterrupt:
        _tell("Stopped; the same command goes on from here.")
        return 130
    return _finish(runs, choice, reasons)


def _one(folder: Folder, choice: Choice, asked: argparse.Namespace) -> FolderRun | None:
    files = changed_files(folder, asked.base, _RESULTS) if choice.changed else folder.sources()
    mutations = mutations_in(folder, files)
    if not mutations:
        _tell(f"{folder.name}: nothing to mutate")
        return None
    return run_folder(folder, mutations, choice, _STATE, workers=asked.workers, fresh=asked.fresh, tell=_tell)


def _finish(runs: list[FolderRun], choice: Choice, reasons: Reasons) -> int:
    # Imported late: these import registry, which a server must import anew.
    from benchmarks.mutants.report import LEAST_KILLED, figures_of, killed_share, survivor_lines
    from benchmarks.results import Figure, publish

    figures = []
    for run in runs:
        for line in survivor_lines(run, reasons):
            print(line)
        commit = head() + (" with uncommitted changes" if uncommitted(run.folder) else "")
        figures += figures_of(run, choice, reasons, commit)
        print(f"{run.folder.name}: {killed_share(run, reasons):.1f} % of {len(run.findings)} mutants killed")
    if not choice.changed and figures:
        names = [f"{run.folder.name}: " for run in runs]
        old = [Figure(**figure) for figure in (json.loads(_RESULTS.read_text()) if _RESULTS.exists() else [])]
        publish("mutants", [f for f in old if not f.figure.startswith(tuple(names))] + figures)
    return int(any(killed_share(run, reasons) < LEAST_KILLED for run in runs))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="every mutant of every folder")
    which.add_argument("--sample", type=int, metavar="N", help="so many of each folder, drawn by --seed")
    which.add_argument(
        "--base", metavar="COMMIT", help="the files changed since; else since they were measured"
    )
    parser.add_argument("--seed", type=int)
    parser.add_argument("--folder", action="append", default=[], help="only this one; may be given again")
    parser.add_argument("--fresh", action="store_true", help="run again what is known")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
