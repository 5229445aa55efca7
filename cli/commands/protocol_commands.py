"""`vigie protocol`: the protocols of the hospital's practice, from a file to the one in use."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.arguments import Json, LanguageOption, PersonKey, Reason
from cli.installation import now, read_settings
from hospital.errors import VigieError

if TYPE_CHECKING:
    from centre.practice.protocol_store import ProtocolStore, StoredVersion
    from hospital.words.language import Language

__all__ = ["app"]

app = typer.Typer()
_protocol = typer.Typer(help="Add, review, use and find protocols.")

Id = Annotated[str, typer.Argument(metavar="ID", show_default=False)]
VersionNumber = Annotated[int, typer.Argument(metavar="VERSION", min=1, show_default=False)]


@_protocol.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    key: PersonKey,
    language: LanguageOption = None,
) -> int:
    """Keep a version of a protocol as its author wrote it."""
    from centre.practice.protocol_file import ProtocolError, lines, protocol_bytes
    from registry.trust.keys import load_key

    settings = read_settings()
    try:
        protocol = _store().add(protocol_bytes(file), load_key(key), now=now())
    except ProtocolError as error:
        said = "\n".join([f"{file}:", *lines(error.faults, language or settings.language)])
        raise VigieError(said) from None
    print(_said("added", language, name=protocol.protocol_id, version=protocol.version, title=protocol.title))
    return 0


@_protocol.command()
def review(
    protocol_id: Id,
    version: VersionNumber,
    key: PersonKey,
    comment: Annotated[str, typer.Option(metavar="TEXT", show_default=False)],
    approve: Annotated[bool, typer.Option("--approve/--refuse", show_default=False)],
    language: LanguageOption = None,
) -> int:
    """Read a version as it will be signed, and approve or refuse it."""
    from registry.trust.keys import load_key

    store = _store()
    print(_text_of(store.version(protocol_id, version)))
    decision: Literal["approve", "refuse"] = "approve" if approve else "refuse"
    store.review(protocol_id, version, load_key(key), decision, comment, now=now())
    print(_said(decision, language, name=protocol_id, version=version))
    return 0


@_protocol.command()
def use(
    protocol_id: Id,
    version: VersionNumber,
    key: PersonKey,
    reason: Reason,
    language: LanguageOption = None,
) -> int:
    """Put a version in use, in place of the one that is."""
    from registry.trust.keys import load_key

    _store().put_in_use(protocol_id, version, load_key(key), reason, now=now())
    print(_said("used", language, name=protocol_id, version=version))
    return 0


@_protocol.command("list")
def list_protocols(as_json: Json = False, language: LanguageOption = None) -> int:
    """Every version, who approved it, and which one is in use."""
    from hospital.words.plain_console import plain_console
    from hospital.words.terminal_table import print_table

    store, spoken = _store(), _language(language)
    stored, today = store.versions(), now().date()
    used = {(v.protocol.protocol_id, v.protocol.version) for v in store.in_use(today)}
    rows = [(v, (v.protocol.protocol_id, v.protocol.version) in used) for v in stored]
    if as_json:
        print(json.dumps([_record(v, in_use) for v, in_use in rows], ensure_ascii=False, indent=1))
        return 0
    heads = [_words(f"columns.{name}", spoken) for name in ("id", "title", "state", "approvals", "until")]
    cells = [_cells(v, in_use, spoken) for v, in_use in rows]
    print_table(plain_console(), heads, cells, spoken, texts=(1, 2, 3))
    return 0


def _cells(version: "StoredVersion", in_use: bool, language: "Language") -> tuple[str, ...]:
    state = "in_use" if in_use else ("refused" if version.refusals else "waiting")
    return (
        f"{version.protocol.protocol_id} {version.protocol.version}",
        version.protocol.title,
        _words(f"states.{state}", language),
        ", ".join(version.approvals),
        _day(version, language),
    )


@_protocol.command()
def search(
    words: Annotated[str, typer.Argument(metavar="WORDS", show_default=False)],
    unit: Annotated[str | None, typer.Option(metavar="UNIT")] = None,
    language: LanguageOption = None,
) -> int:
    """Find protocols in use by their words, in French or English."""
    from centre.practice.protocol_search import ProtocolIndex

    index = ProtocolIndex(v.protocol for v in _store().in_use(now().date()))
    hits = index.search(words, unit=unit)
    for hit in hits:
        print(f"{hit.protocol.protocol_id} {hit.protocol.version}  {hit.protocol.title}")
    if not hits:
        print(_said("nothing", language))
    return 0 if hits else 1


def _store() -> "ProtocolStore":
    from centre.practice.protocol_store import ProtocolStore
    from registry.trust.policy_in_force import policy_in_force

    settings = read_settings()
    return ProtocolStore(settings, policy_in_force(settings.trust))


def _language(language: "Language | None") -> "Language":
    return language or read_settings().language


def _words(key: str, language: "Language", **places: object) -> str:
    from hospital.words.catalogue import text

    return text(f"practice.{key}", language, None, **places)


def _said(key: str, language: "Language | None", **places: object) -> str:
    return _words(f"done.{key}", _language(language), **places)


def _day(version: "StoredVersion", language: "Language") -> str:
    from hospital.words.formats import date

    return date(version.protocol.valid_until, language)


def _text_of(version: "StoredVersion") -> str:
    """The protocol as a person reads it before signing: its steps, its text, its digest."""
    protocol = version.protocol
    steps = "\n".join(
        f"{n}. {s.action} ({s.role}{f', {s.within_minutes} min' if s.within_minutes else ''})"
        for n, s in enumerate(protocol.steps, 1)
    )
    return f"{protocol.title}\n\n{steps}\n\n{protocol.body}\n{protocol.digest}\n"


def _record(version: "StoredVersion", in_use: bool) -> dict[str, object]:
    protocol = version.protocol
    return {
        "protocol": protocol.protocol_id,
        "version": protocol.version,
        "title": protocol.title,
        "digest": protocol.digest,
        "author": version.author,
        "approvals": list(version.approvals),
        "refusals": list(version.refusals),
        "valid_until": protocol.valid_until.isoformat(),
        "in_use": in_use,
    }


app.add_typer(_protocol, name="protocol")
