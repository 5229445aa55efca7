"""Renames by a table: fields, values and files of a document, and a package that is sealed again under its new names.

The table is `renamed.toml`. It may change names alone: a number never passes through it.
"""

import io
import json
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.digests import canonical_json, sha256_bytes

__all__ = ["Names", "Resealed", "Table", "TableError", "load_table", "rename", "reseal"]

MANIFEST = "manifest.json"


class TableError(ValueError):
    """The table of renamed names cannot be used."""


@dataclass(frozen=True)
class Names:
    """Renames in one kind of document.

    Attributes:
        fields: dotted path of a field, or its end, to its new last name ("split.fit" to "train").
        values: dotted path of the field that holds a text, or its end, to old and new texts; "*": any field.
        order: dotted ends of lists that stand in the order of names: they are compared as if sorted.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    order: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """The whole table.

    Attributes:
        feature_digest: the module before, with `feature_digest`.
        files: names of files, old to new.
        kinds: renames by kind of document, those of `all` among them.
    """

    feature_digest: str
    files: Mapping[str, str]
    kinds: Mapping[str, Names]

    def of(self, kind: str) -> Names:
        """The renames of a kind of document."""
        return self.kinds.get(kind, self.kinds["all"])


@dataclass(frozen=True)
class Resealed:
    """A package under its new names.

    Attributes:
        files: all of it by name, the manifest too.
        digest: of the package, as the manifest's bytes give it.
    """

    files: Mapping[str, bytes]
    digest: str


def load_table(path: Path) -> Table:
    """Reads the table.

    Raises:
        TableError: it names what it may not, or renames something that is no name.
    """
    body = tomllib.loads(path.read_text(encoding="utf-8"))
    module, files = body.pop("feature_digest"), body.pop("files", {})
    everywhere = _names("all", body.pop("all", {}), Names())
    kinds = {kind: _names(kind, part, everywhere) for kind, part in body.items()}
    return Table(module, _texts("files", files), {**kinds, "all": everywhere})


def _names(kind: str, part: Mapping[str, Any], everywhere: Names) -> Names:
    if unknown := set(part) - {"fields", "values", "order"}:
        raise TableError(f"{kind} has {', '.join(sorted(unknown))}: only fields, values and order are known.")
    values = {at: dict(_texts(f"{kind}.values.{at}", v)) for at, v in part.get("values", {}).items()}
    merged = {
        at: {**everywhere.values.get(at, {}), **values.get(at, {})} for at in {*everywhere.values, *values}
    }
    fields = {**everywhere.fields, **_texts(f"{kind}.fields", part.get("fields", {}))}
    return Names(fields, merged, (*everywhere.order, *part.get("order", ())))


def _texts(where: str, part: Mapping[str, Any]) -> Mapping[str, str]:
    for old, new in part.items():
        if not isinstance(new, str):
            raise TableError(f"{where}: {old} becomes {new!r}, which is no name.")
    return part


def rename(body: Any, names: Names, path: tuple[str, ...] = ()) -> Any:
    """A document's value under its new names; numbers and order are left as they are.

    Args:
        path: names of the fields that lead to `body`; places in lists do not count.

    Raises:
        TableError: two fields of one object would have the same name.
    """
    if isinstance(body, Mapping):
        renamed: dict[str, Any] = {}
        for name, value in body.items():
            new = _first(names.fields, (*path, name)) or name
            if new in renamed:
                raise TableError(f"Two fields would be {'.'.join((*path, new))}.")
            renamed[new] = rename(value, names, (*path, name))
        return renamed
    if isinstance(body, list | tuple):
        return [rename(value, names, path) for value in body]
    if isinstance(body, str):
        return _new_text(body, names, path)
    return body


def _new_text(text: str, names: Names, path: tuple[str, ...]) -> str:
    for end in _ends(path):
        if text in names.values.get(end, {}):
            return names.values[end][text]
    return names.values.get("*", {}).get(text, text)


def _first(found: Mapping[str, str], path: tuple[str, ...]) -> str | None:
    return next((found[end] for end in _ends(path) if end in found), None)


def _ends(path: tuple[str, ...]) -> Iterator[str]:
    """The dotted ends of a path, the longest first."""
    return (".".join(path[start:]) for start in range(len(path)))


def reseal(files: Mapping[str, bytes], table: Table, stated: Mapping[str, Any]) -> Resealed:
    """A package's files under their new names, with the digests that follow.

    Args:
        files: the package's files by name, the manifest too.
        stated: fields of the manifest that differ for a reason of their own, under their new names.

    Raises:
        TableError: a field of `stated` is not in the manifest.
    """
    renamed = {
        table.files.get(name, name): _renamed_file(name, content, table)
        for name, content in files.items()
        if name != MANIFEST
    }
    manifest = rename(json.loads(files[MANIFEST]), table.of("manifest"))
    if missing := set(stated) - set(manifest):
        raise TableError(f"The manifest has no {', '.join(sorted(missing))}.")
    digests = {name: sha256_bytes(content) for name, content in renamed.items()}
    content = canonical_json({**manifest, **stated, "files": digests})
    return Resealed({**renamed, MANIFEST: content}, sha256_bytes(content))


def _renamed_file(name: str, content: bytes, table: Table) -> bytes:
    names, end = table.of(Path(name).stem), Path(name).suffix
    if end == ".json":
        return canonical_json(rename(json.loads(content), names))
    return _renamed_arrays(content, names) if end == ".npz" else content


def _renamed_arrays(content: bytes, names: Names) -> bytes:
    """An archive of arrays, its entries renamed; their bytes are left as they are."""
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        entries = [(entry, names.fields.get(Path(entry.filename).stem)) for entry in old.infolist()]
        if not any(new for _, new in entries):
            return content
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for entry, new in entries:
                body = old.read(entry)
                entry.filename = f"{new}.npy" if new else entry.filename
                archive.writestr(entry, body)
    return buffer.getvalue()
