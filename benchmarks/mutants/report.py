"""The figures of `make mutants`, and the survivors in words."""

from collections import Counter

from benchmarks.mutants.choice import Choice
from benchmarks.mutants.folders import Reasons
from benchmarks.mutants.run import FolderRun
from benchmarks.mutants.state import KILLED, Finding
from benchmarks.results import Figure, conditions

__all__ = ["LEAST_KILLED", "figures_of", "killed_share", "survivor_lines"]

LEAST_KILLED = 90.0
_HOW = {
    "test": "by a test",
    "import": "at import",
    "crash": "by a crash",
    "timeout": "timed out",
}


def killed_share(run: FolderRun, reasons: Reasons) -> float:
    """Killed mutants in percent of those that are not listed as equivalent; NaN where there are none."""
    counted = [f for f in run.findings if f.killed or _place(f) not in reasons.equivalent]
    return 100 * sum(f.killed for f in counted) / len(counted) if counted else float("nan")


def figures_of(run: FolderRun, choice: Choice, reasons: Reasons, commit: str) -> list[Figure]:
    """A folder's figures: the share killed, the share listed as equivalent, and the survivors of each file."""
    name, total = run.folder.name, len(run.findings)
    if not total:
        return []
    killed = killed_share(run, reasons)
    equivalent = [f for f in run.findings if not f.killed and _place(f) in reasons.equivalent]
    figures = [
        Figure(
            f"{name}: mutants killed", "%", f"at least {LEAST_KILLED:g}", round(killed, 1), killed >= LEAST_KILLED,
            _conditions(run, choice, commit, len(equivalent)),
        ),
        Figure(
            f"{name}: mutants listed as equivalent", "%", "at most 5", round(100 * len(equivalent) / total, 1),
            not reasons.too_many(len(equivalent), total), "benchmarks/mutants_equivalent.toml",
        ),
    ]  # fmt: skip
    by_file: dict[str, list[Finding]] = {}
    for finding in run.findings:
        by_file.setdefault(finding.file, []).append(finding)
    return figures + [_file_figure(run, file, found, reasons) for file, found in sorted(by_file.items())]


def survivor_lines(run: FolderRun, reasons: Reasons) -> list[str]:
    """One line for each survivor that is not listed as equivalent."""
    found = [f for f in run.findings if not f.killed and _place(f) not in reasons.equivalent]
    return [_line(f, reasons) for f in sorted(found, key=lambda f: (f.file, f.line))]


def _file_figure(run: FolderRun, file: str, found: list[Finding], reasons: Reasons) -> Figure:
    alive = [f for f in found if not f.killed and _place(f) not in reasons.equivalent]
    pinned = run.folder.is_pinned(file)
    lines = [_line(f, reasons) for f in sorted(alive, key=lambda f: f.line)]
    return Figure(
        f"{run.folder.name}: survivors in {file}, of {len(found)}",
        "mutants",
        "each with a reason" if pinned else None,
        len(alive),
        all(_place(f) in reasons.survivor for f in alive) if pinned else None,
        "; ".join(lines) or "none",
    )


def _conditions(run: FolderRun, choice: Choice, commit: str, equivalent: int) -> str:
    counts = Counter(f.outcome for f in run.findings)
    killed = ", ".join(f"{counts[how]} {words}" for how, words in _HOW.items() if counts[how])
    survived = f"{counts['survived']} survived, {counts['unreached']} reached by no test"
    ran = [f.seconds for f in run.findings if f.seconds]
    pace = f"{sum(ran) / len(ran):.2f} s of processor time a mutant" if ran else "none run"
    return (
        f"{conditions()}; commit {commit}; {choice.words(run.available)}, "
        f"{len({f.file for f in run.findings})} files; killed {sum(counts[k] for k in KILLED)} ({killed or 'none'}); "
        f"{survived}; {equivalent} of them listed as equivalent; {pace}; "
        f"{len(run.slow)} tests over {run.folder.most_seconds:g} s left out; C is not mutated"
    )


def _place(finding: Finding) -> tuple[str, str, str]:
    return finding.file, finding.before, finding.after


def _line(finding: Finding, reasons: Reasons) -> str:
    reason = reasons.survivor.get(_place(finding))
    unreached = " (no test runs it)" if finding.outcome == "unreached" else ""
    told = f"{finding.file}:{finding.line}: `{finding.before}` -> `{finding.after}`{unreached}"
    return f"{told}: {reason}" if reason else told
