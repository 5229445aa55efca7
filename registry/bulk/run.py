"""Explains every row that a hospital's tables give, into one Parquet file, in memory that does not grow with them."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from hospital.errors import HistoryError
from hospital.features.definition_digest import feature_digest
from hospital.ingest.hospital_reader import Finding, read_hospital
from hospital.ingest.pseudonyms import pseudonym
from hospital.mapping.checked_mapping import Mapping
from hospital.words.language import Language
from hospital.words.messages import Message, message
from registry.bulk.parquet import Layout, Subject
from registry.bulk.resume import Parts, claimed
from registry.bulk.rows import Chunks, chunks_of
from registry.candidates.candidates import candidate
from registry.digests import sha256_bytes
from registry.errors import CandidateError, PackageError, ReleaseError
from registry.model.forecast_model import ForecastModel
from registry.model.scope_fallback import answer
from registry.package.manifest import manifest_of
from registry.record.pseudonym_key import pseudonym_key
from registry.releases.releases import current_release
from registry.settings import Settings

__all__ = ["CHUNK_ROWS", "Request", "Written", "explain_all", "subject_of", "write_chunks"]

CHUNK_ROWS = 16_384
_AT_ONCE = 2

Progress = Callable[[str, float], None]
Tell = Callable[[Message], None]


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        version: a registered one; None: the current release.
        data: the tables' folder or file.
        language: of warnings and of the columns' labels.
        chunk_rows: rows held at a time.
    """

    model: str
    version: str | None
    data: Path
    mapping: Mapping | None
    out: Path
    language: Language
    chunk_rows: int = CHUNK_ROWS


@dataclass(frozen=True)
class Written:
    """What was written: `rows` by `subject`; `kept`: parts of a run before, of `parts`."""

    subject: Subject
    rows: int
    kept: int
    parts: int
    findings: tuple[Finding, ...]


def explain_all(request: Request, settings: Settings, *, progress: Progress, tell: Tell) -> Written:
    """Forecasts and explains all rows; a stopped run goes on from the parts that it finished.

    Args:
        tell: called with a sentence where parts of other inputs were thrown away.

    Raises:
        RegistryError: no such version, or it does not verify; the file cannot be written or would not add up.
        ContractError, MappingError, HistoryError: the tables cannot be read, or do not serve for this model.
    """
    progress("verify the version", 0.0)
    subject = subject_of(settings, request.model, request.version)
    model = ForecastModel(subject.package)
    if model.digest != subject.digest:
        raise PackageError("registry.package.changed_meanwhile")
    layout = Layout(model, subject, request.language)
    with claimed(request.out) as parts:
        progress("read the tables", 0.01)
        key = pseudonym_key(settings)
        tables = read_hospital(request.data, request.mapping, key)
        findings, data_digest = tables.findings, tables.source_digest
        progress("prepare the rows", 0.03)
        chunks = chunks_of(model, tables, subject.scope, request.chunk_rows)
        del tables  # the rows hold what they need of them
        inputs = {
            "data": data_digest,
            "pseudonyms": pseudonym(key, "vigie explain"),  # another key would give other ids
            "language": request.language,
            "chunk_rows": request.chunk_rows,
            "columns": sha256_bytes(layout.schema.serialize().to_pybytes()),
            **_fingerprint(model, subject),
        }
        rows, kept = write_chunks(parts, chunks, model, layout, inputs, progress=progress, tell=tell)
    progress("written", 1.0)
    return Written(subject, rows, kept, len(chunks), findings)


def subject_of(settings: Settings, model: str, version: str | None) -> Subject:
    """The version that explains: the current release, verified as serving does, or a registered version, checked.

    Raises:
        RegistryError: there is none, or it does not verify.
    """
    if version is None:
        set_up = (settings.trust / "trust.json").exists()
        release = current_release(settings, model) if set_up else None
        if release is None:
            raise ReleaseError("registry.bulk.no_release", model=model)
        release.require_definitions(manifest_of(release.package))
        return Subject(model, release.version, release.package_digest, release.package, release.scope)
    found = candidate(settings.candidates, model, version)
    digest, report = found.package_digest, found.json("report.json")
    if found.registration["body"]["package_digest"] != digest:
        raise PackageError("registry.package.not_registered")
    if report.get("digest") != digest or "scope" not in report:
        raise CandidateError("registry.check.other_package", model=model, version=version)
    scope = frozenset((str(c["unit_group"]), float(c["horizon_hours"])) for c in report["scope"])
    return Subject(model, version, digest, found.package, scope)


def write_chunks(
    parts: Parts,
    chunks: Chunks,
    model: ForecastModel,
    layout: Layout,
    inputs: dict[str, Any],
    *,
    progress: Progress,
    tell: Tell,
) -> tuple[int, int]:
    """Explains the chunks that are not kept yet and joins all; returns (rows, parts that were kept).

    Raises:
        BulkError: an explanation does not add up. HistoryError: there is no row.
    """
    if not len(chunks):
        raise HistoryError("registry.bulk.no_row")
    different = parts.begin(inputs)
    if different:
        tell(message("registry.bulk.begun_anew", different=", ".join(different)))
    kept, count = parts.kept(), len(chunks)
    todo = [number for number in range(count) if number not in kept]
    for number, table in _explained(chunks, model, layout, todo):
        progress("explain", 0.05 + 0.85 * number / count)
        parts.keep(number, table)
    rows = 0
    for number, joined in enumerate(parts.join(layout.schema, count)):
        progress("join", 0.9 + 0.1 * number / max(count, 1))
        rows += joined
    return rows, len(kept & set(range(count)))


def _explained(
    chunks: Chunks, model: ForecastModel, layout: Layout, numbers: Sequence[int]
) -> Iterator[tuple[int, Any]]:
    """The tables of these chunks in their order; while one's trees are explained, another's features are computed."""

    def table(number: int) -> Any:
        chunk = chunks.chunk(number)
        return layout.table(chunk, answer(model, chunk.rows, chunk.inside))

    with ThreadPoolExecutor(_AT_ONCE, "vigie-explain") as pool:
        begun: deque[tuple[int, Future[Any]]] = deque()
        for number in numbers:
            begun.append((number, pool.submit(table, number)))
            if len(begun) > _AT_ONCE:  # no more than these are held in memory
                first, done = begun.popleft()
                yield first, done.result()
        while begun:
            first, done = begun.popleft()
            yield first, done.result()


def _fingerprint(model: ForecastModel, subject: Subject) -> dict[str, Any]:
    """What else the bytes of the file depend on: the version, its scope, this code and its libraries."""
    return {
        "model": subject.model,
        "version": subject.version,
        "package": subject.digest,
        "scope": sorted([group, horizon] for group, horizon in subject.scope),
        "features": feature_digest(model.name),
        "libraries": {name: installed(name) for name in ("numpy", "pyarrow")},
    }
