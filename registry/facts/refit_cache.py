"""The refits of a candidate: asked for in a child process, kept under the digest of all that they depend on.

They are the same for every check of a version under the same policy, so a second check reads them. What is kept is
verified by its own digest; where it was damaged, or is of other settings, they are made again.
"""

import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from hospital.arrays import Array
from registry.candidates.candidates import Candidate
from registry.digests import canonical_json, sha256_bytes
from registry.facts.cache import keep, kept
from registry.facts.subprocess_runner import Child
from registry.policy.board_policy import Policy
from registry.settings import Settings

__all__ = ["EXPLAINED_ROWS", "REFITS", "Refits", "Refitting"]

REFITS = 20
EXPLAINED_ROWS = 500
_FORMAT = 2


@dataclass(frozen=True)
class Refits:
    """What the child made.

    Attributes:
        failed: why it did not; then the arrays are empty.
        contributions: float64 [refits, rows, groups], of rows spread through the test set.
        groups: audit groups with scores.
        scores: float64 [groups, rows].
    """

    failed: str
    contributions: Array
    groups: tuple[str, ...]
    scores: Array


class Refitting:
    """Refits under way, or already there."""

    def __init__(
        self, command: Sequence[str] | None, settings: Settings, found: Candidate, policy: Policy
    ) -> None:
        """Starts the child where there is a command and nothing kept."""
        rules = policy.document.explanation
        request: dict[str, Any] = {
            "model": found.model,
            "version": found.version,
            "refits": REFITS,
            "rows": rules.refit_rows,
            "rounds": rules.refit_rounds,
            "explained": EXPLAINED_ROWS,
            "proxy_rows": rules.proxy_rows,
            "attributes": list(policy.document.fairness.attributes),
            "least_group": rules.proxy_least_group,
        }
        subject = {
            **request,
            "package": found.package_digest,
            "data": found.registration["body"]["seal_digest"],
        }
        subject |= {"format": _FORMAT, "xgboost": _installed("xgboost-cpu"), "numpy": _installed("numpy")}
        name = sha256_bytes(canonical_json(subject)).removeprefix("sha256:")
        self._kept = settings.home / "evidence" / "refits" / f"{name}.npz"
        content = kept(self._kept)
        self._arrays = None if content is None else _load(content)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._child: Child | None = None
        if self._arrays is None and command is not None:
            self._folder = tempfile.TemporaryDirectory(prefix="vigie-")
            folder = Path(self._folder.name)
            request["home"] = str(settings.home.resolve())
            (folder / "request.json").write_bytes(canonical_json(request))
            self._child = Child(command, folder)

    def result(self, progress: Callable[[float], None]) -> Refits | None:
        """Waits for them; None where nobody was asked."""
        if self._arrays is not None:
            return _refits(self._arrays)
        if self._child is None or self._folder is None:
            return None
        failed = self._child.wait(progress)
        made = Path(self._folder.name) / "refits.npz"
        if not failed and not made.exists():
            failed = "it wrote nothing"
        if failed:
            return Refits(failed, np.empty((0, 0, 0)), (), np.empty((0, 0)))
        content = made.read_bytes()
        arrays = _load(content)
        keep(self._kept, content)
        return _refits(arrays)

    def __enter__(self) -> "Refitting":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the child and takes its folder away."""
        if self._child is not None:
            self._child.stop()
        if self._folder is not None:
            self._folder.cleanup()


def _refits(arrays: dict[str, Array]) -> Refits:
    groups, scores = arrays.get("groups", np.empty(0, str)), arrays.get("scores", np.empty((0, 0)))
    return Refits("", arrays["contributions"], tuple(str(g) for g in groups), scores)


def _load(content: bytes) -> dict[str, Array]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
