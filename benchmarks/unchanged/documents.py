"""What two checkouts made, set side by side: each kind of document under the names that it has after."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.unchanged.differences import Comparison
from benchmarks.unchanged.questions import answers_in
from benchmarks.unchanged.renaming import MANIFEST, Names, Resealed, Table, rename, reseal
from benchmarks.unchanged.sides import MODELS, Side, feature_digests
from registry.digests import sha256_bytes

__all__ = ["Part", "compare_sides"]

_MEGABYTE = 1_000_000
_NO_NAMES = Table("", {}, {"all": Names()})


@dataclass(frozen=True)
class Part:
    """What was compared.

    Attributes:
        name: in words.
        comparison: what was found.
        answers: how many answers of the service there were, on the side that has fewer.
    """

    name: str
    comparison: Comparison
    answers: int = 0


@dataclass(frozen=True)
class _Pair:
    """A model of both sides, and the package before under its new names."""

    before: Side
    after: Side
    model: str
    table: Table
    resealed: Resealed

    def documents(self, comparison: Comparison, kind: str, old: Any, new: Any) -> None:
        names = self.table.of(kind)
        comparison.documents(f"{self.model}, {kind}: ", rename(old, names), new, names.order)


def compare_sides(before: Side, after: Side, table: Table) -> Iterator[Part]:
    """Compares all that both made, a part at a time."""
    yield Part("simulated tables", _tables(before, after))
    names = table.of("manifest")
    digests = feature_digests(before.root, table.feature_digest, names.fields, names.values)
    for model in MODELS:
        commit = json.loads(after.package(model)[MANIFEST])["code_commit"]
        stated = {"code_commit": commit, "feature_digest": digests[model]}
        pair = _Pair(before, after, model, table, reseal(before.package(model), table, stated))
        yield Part(f"{model}, package", _package(pair))
        yield Part(f"{model}, registration and scores of the test set", _registration(pair))
        yield Part(f"{model}, policy, report and card", _judged(pair))
        yield Part(f"{model}, every row of a second hospital explained", _explained(pair))
    old, new = (json.loads(side.answers.read_bytes()) for side in (before, after))
    comparison = Comparison(aside=("prediction_id", "model.released_at"))
    names = table.of("answer")
    comparison.documents("answer", rename(old, names), new, names.order)
    yield Part("answers of the service", comparison, min(sum(map(answers_in, side)) for side in (old, new)))


def _tables(before: Side, after: Side) -> Comparison:
    """The simulated hospitals, the files that everything else starts from."""
    comparison = Comparison()
    for old, new in (
        (before.home / "data", after.home / "data"),
        (before.folder / "other", after.folder / "other"),
    ):
        files, there = _files(old), _files(new)
        comparison.documents(f"tables in {new.name}", sorted(files), sorted(there))
        for name in sorted(set(files) & set(there)):
            comparison.contents(f"{new.name}/{name}", files[name].read_bytes(), there[name].read_bytes())
    return comparison


def _files(folder: Path) -> dict[str, Path]:
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}


def _package(pair: _Pair) -> Comparison:
    """Each file under its new name, then the digest of all."""
    comparison, where = Comparison(), f"{pair.model}, package"
    untouched = pair.before.package(pair.model)
    if reseal(untouched, _NO_NAMES, {}).digest != sha256_bytes(untouched[MANIFEST]):
        comparison.differ(f"{where}: sealed again without renames", "its digest", "another")
    old, new = pair.resealed.files, pair.after.package(pair.model)
    comparison.documents(f"{where}: files", sorted(old), sorted(new))
    for name in sorted(set(old) & set(new)):
        place = f"{where}: {name}"
        if name.endswith(".json"):
            comparison.documents(place, json.loads(old[name]), json.loads(new[name]))
        elif name.endswith(".npz"):
            comparison.archives(place, old[name], new[name], {})
        comparison.contents(place, old[name], new[name])
    comparison.documents(f"{where}: digest", pair.resealed.digest, sha256_bytes(new[MANIFEST]))
    return comparison


def _registration(pair: _Pair) -> Comparison:
    comparison = Comparison(aside=("body.at", "body.energy", "signature"))
    old, new = (_json(side.candidate(pair.model) / "registration.json") for side in (pair.before, pair.after))
    pair.documents(comparison, "registration", old, new)
    scores = (_evidence(pair.before, old), _evidence(pair.after, new))
    names = pair.table.of("evidence").fields
    comparison.archives(f"{pair.model}, scores of the test set", scores[0], scores[1], names)
    return comparison


def _evidence(side: Side, registration: Any) -> bytes:
    digest: str = registration["body"]["evidence_digest"]
    return (side.home / "evidence" / f"{digest.removeprefix('sha256:')}.npz").read_bytes()


def _judged(pair: _Pair) -> Comparison:
    comparison = Comparison(aside=("training.code_commit",))
    for kind in ("report", "card"):
        old, new = (
            _json(side.card(pair.model) if kind == "card" else side.candidate(pair.model) / "report.json")
            for side in (pair.before, pair.after)
        )
        pair.documents(comparison, kind, _resized(pair, old), new)
    policies = [
        tomllib.loads((side.candidate(pair.model) / "policy.toml").read_text())
        for side in (pair.before, pair.after)
    ]
    pair.documents(comparison, "policy", *policies)
    return comparison


def _resized(pair: _Pair, body: Any) -> Any:
    """A report or card before with the size that its package has under its new names, where it had its own."""
    sizes = [
        sum(map(len, files.values())) / _MEGABYTE
        for files in (pair.before.package(pair.model), pair.resealed.files)
    ]
    if isinstance(body, Mapping):
        found = {name: _resized(pair, value) for name, value in body.items()}
        if found.get("metric") == "package_megabytes" and found.get("value") == sizes[0]:
            found["value"] = sizes[1]
        return found
    return [_resized(pair, value) for value in body] if isinstance(body, list) else body


def _explained(pair: _Pair) -> Comparison:
    comparison, where = Comparison(), f"{pair.model}, explained rows"
    old, new = (pq.read_table(side.explained(pair.model)) for side in (pair.before, pair.after))
    names = pair.table.of("explained")
    old = old.rename_columns([names.fields.get(name, name) for name in old.column_names])
    comparison.documents(f"{where}: columns", old.column_names, new.column_names)
    for name in new.column_names:
        if name in old.column_names:
            _column(comparison, f"{where}: {name}", old[name], new[name], names)
    return comparison


def _column(comparison: Comparison, where: str, old: Any, new: Any, names: Names) -> None:
    if pa.types.is_floating(old.type) and old.type == new.type:
        for of in (pa.compute.is_null, _numbers):
            comparison.arrays(where, np.asarray(of(old)), np.asarray(of(new)))
        return
    field = where.rpartition(" ")[2]
    before, after = (
        {field: [str(v) if hasattr(v, "tzinfo") else v for v in c.to_pylist()]} for c in (old, new)
    )
    comparison.documents(where, rename(before, names), after)


def _numbers(column: Any) -> Any:
    return column.to_numpy()


def _json(path: Path) -> Any:
    return json.loads(path.read_bytes())
