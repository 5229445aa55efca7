"""`vigie data`: what a hospital's tables hold, before any training."""

import argparse
import json
import secrets
import sys
from datetime import UTC, datetime

from hospital.drafting.mapping_draft import draft_mapping
from hospital.errors import ContractError, Fault, HistoryError, MappingError, VigieError
from hospital.ingest.hospital_reader import read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.profile.build import profile_of
from hospital.profile.facts import Profile
from hospital.profile.page import render_page
from hospital.profile.terminal import print_profile
from hospital.profile.words import Language, Words
from hospital.times import instant
from registry.digests import write_atomically

__all__ = ["check_data", "map_data"]


def check_data(given: argparse.Namespace, language: Language) -> int:
    """Profiles tables; 0: nothing to look at, 1: a person should look, 2: they cannot be read, with every fault."""
    try:
        found = _profile(given)
    except (ContractError, MappingError) as error:
        return _refuse(error.faults, given.json)
    except HistoryError as error:
        return _refuse((Fault(given.data.name, "no_history", str(error)),), given.json)
    if given.out is not None:
        write_atomically(given.out, render_page(found, language).encode())
    if given.json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        print_profile(found, language)
        words = Words(language)
        print(words.t("page_at", path=str(given.out)) if given.out is not None else words.t("page_hint"))
    return 0 if found.clean else 1


def map_data(given: argparse.Namespace) -> int:
    """Drafts a mapping from a file; a person finishes what it could not know."""
    draft = draft_mapping(given.file)
    open_points = draft.count("# TODO")
    if given.out is None:
        print(draft, end="")
        return 0
    if given.out.exists() and not given.force:
        raise VigieError(f"{given.out} is there already: name another --out, or add --force to replace it.")
    write_atomically(given.out, draft.encode())
    print(f"The draft is in {given.out}, with {open_points} points marked TODO for you to decide.")
    print(f"Next: vigie data check {given.file} --mapping {given.out}")
    return 0


def _profile(given: argparse.Namespace) -> Profile:
    mapping = load_mapping(given.mapping) if given.mapping else None
    # Nothing is kept, so nobody needs to find these pseudonyms again.
    tables = read_hospital(given.data, mapping, secrets.token_bytes(32))
    return profile_of(
        tables,
        source=given.data.resolve().name,
        now=instant(datetime.now(UTC)),
        horizons_hours=given.horizons,
    )


def _refuse(faults: tuple[Fault, ...], as_json: bool) -> int:
    if as_json:
        told = [{"path": f.path, "code": f.code, "message": f.message, "rows": f.rows} for f in faults]
        print(json.dumps({"verdict": "error", "faults": told}, ensure_ascii=False))
        return 2
    kinds = f"{len(faults)} kinds of faults" if len(faults) != 1 else "one kind of fault"
    print(f"vigie: the tables cannot be read; {kinds}:", file=sys.stderr)
    for fault in faults:
        rows = f"{fault.rows:,} row{'s' if fault.rows != 1 else ''}"
        print(f"  {fault.path}: {fault.message} ({rows})", file=sys.stderr)
    return 2
