"""The home that `vigie init` makes: what goes in is checked whole, and it appears whole or not at all."""

import os
import secrets
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from pathlib import Path
from zoneinfo import ZoneInfo

from hospital.errors import VigieError
from hospital.finess import is_finess, key_digit_fits
from hospital.words.language import Language
from hospital.words.messages import Lines, Message, message
from registry.digests import write_atomically
from registry.settings import Settings

__all__ = ["NewHome", "make_new_home", "new_home"]

_MOST = 200


@dataclass(frozen=True)
class NewHome:
    """What a home is made from.

    Attributes:
        units: name for people by code.
        people: roles by name.
        notes: what a person should look at again.
    """

    zone: str
    language: Language
    finess: str
    units: Mapping[str, str]
    people: Mapping[str, tuple[str, ...]]
    notes: tuple[Message, ...]


def new_home(
    zone: str, language: Language, finess: str, units: tuple[str, ...], people: tuple[str, ...]
) -> NewHome:
    """What was asked for, as it is written.

    Raises:
        VigieError: everything that is wrong with it.
    """
    number = "".join(finess.split()).upper()
    faults = _zone_faults(zone)
    if not is_finess(number):
        faults.append(message("verbs.new_home.finess"))
    by_code = _pairs("--unit", message("verbs.new_home.unit_form"), units, faults)
    roles = _people(people, faults)
    if faults:
        raise VigieError("verbs.new_home.refused", faults=Lines(tuple(faults)))
    notes = () if key_digit_fits(number) else (message("verbs.new_home.key_digit", number=number),)
    return NewHome(zone, language, number, by_code, roles, notes)


def make_new_home(settings: Settings, wanted: NewHome, now: datetime) -> dict[str, Message]:
    """Makes the home; returns each file with what it is.

    Raises:
        VigieError: the home holds something already, or cannot be written.
    """
    from hospital.ingest.pseudonyms import load_or_create_key

    home = settings.home
    _require_free(settings)
    building = home.with_name(f".{home.name}.{secrets.token_hex(4)}")
    try:
        building.mkdir(parents=True, mode=0o700)
        made = _fill(settings.model_copy(update={"home": building}), wanted, now, home.resolve())
        key = _key_file(settings, home.resolve())
        key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        load_or_create_key(key)
        made[str(key)] = message("verbs.new_home.files.pseudonym_key")
        os.rename(building, home)  # over an empty folder, too
    except OSError as error:
        raise VigieError("verbs.new_home.unwritable", home=home, why=error) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return made


def _require_free(settings: Settings) -> None:
    home = settings.home
    if home.exists() and not home.is_dir():
        raise VigieError("verbs.new_home.is_file", home=home)
    if home.is_dir() and any(home.iterdir()):
        raise VigieError("verbs.new_home.not_empty", home=home)
    if (key := _key_file(settings, home.resolve())).exists():
        raise VigieError("verbs.new_home.other_key", key=key)
    if (settings.trust / "trust.json").exists():
        raise VigieError("verbs.new_home.other_trust", folder=settings.trust)


def _key_file(settings: Settings, home: Path) -> Path:
    """Where the key of pseudonyms is put: beside the home, so that a copy of the home tells nobody's id."""
    return settings.pseudonym_key_file or home.with_name(f"{home.name}-keys") / "pseudonym.key"


def _fill(settings: Settings, wanted: NewHome, now: datetime, home: Path) -> dict[str, Message]:
    from registry.candidates.sealed_check import checker_key
    from registry.checkpoints.checkpointing import checkpoint
    from registry.checkpoints.service_key import trust_service_key
    from registry.trust.keys import create_key
    from registry.trust.trust_changes import found_trust, trust_key
    from serving.http.authentication import create_session_key

    made = {
        "session.key": message("verbs.new_home.files.session_key"),
        "settings.env": message("verbs.new_home.files.settings"),
        "hospital.toml": message("verbs.new_home.files.mapping"),
    }
    create_session_key(settings.home)
    write_atomically(
        settings.home / "settings.env", _settings_text(settings, wanted, home).encode(), mode=0o600
    )
    write_atomically(settings.home / "hospital.toml", _mapping_text(wanted).encode())
    keys = {}
    for name, roles in wanted.people.items():
        path = settings.home / "keys" / f"{name}.key"
        keys[name] = create_key(name, path)
        trust_key(settings, name, keys[name].public_key, roles, now=now, reason="vigie init")
        made[f"keys/{name}.key"] = message("verbs.new_home.files.person_key", name=name, roles=tuple(roles))
    checker_key(settings, now)
    made["checker.key"] = message("verbs.new_home.files.checker_key")
    trust_service_key(settings, now)
    board = [keys[name] for name, roles in wanted.people.items() if "board" in roles]
    if len(board) > 1:
        found_trust(settings, now=now, signers=board, reason="vigie init")
    checkpoint(settings, now=now)
    made["service.key"] = message("verbs.new_home.files.service_key")
    return made


_HOME_LINE = """\
# The home is not named here, so that a copy of it never writes into this one. systemd leaves the next line out.
: "${{VIGIE_HOME:?{ask}}}"
"""


def _settings_text(settings: Settings, wanted: NewHome, home: Path) -> str:
    key = _key_file(settings, home)
    lines = {
        "VIGIE_LANGUAGE": wanted.language,
        "VIGIE_PSEUDONYM_KEY": str(key.resolve()),
    }
    if settings.database_url:
        lines["VIGIE_DATABASE_URL"] = settings.database_url
    if settings.releases_dir is not None:
        lines["VIGIE_RELEASES"] = str(settings.releases_dir.resolve())
    if settings.trust_dir is not None:
        lines["VIGIE_TRUST"] = str(settings.trust_dir.resolve())
    if settings.checker_key_file is not None:
        lines["VIGIE_CHECKER_KEY"] = str(settings.checker_key_file.resolve())
    if settings.service_key_file is not None:
        lines["VIGIE_SERVICE_KEY"] = str(settings.service_key_file.resolve())
    if settings.checkpoints_file is not None:
        lines["VIGIE_CHECKPOINTS"] = str(settings.checkpoints_file.resolve())
    written = "".join(f"{name}={shlex.quote(value)}\n" for name, value in lines.items())
    ask = message("verbs.new_home.name_home").words(wanted.language)
    return f"# The settings of this installation (docs/settings.md).\n{_HOME_LINE.format(ask=ask)}{written}"


def _mapping_text(wanted: NewHome) -> str:
    from hospital.drafting.toml_lines import quoted

    units = "".join(
        f"\n[units.{quoted(code)}]\nlabel = {quoted(name)}\nsite = {quoted(wanted.finess)}\n"
        for code, name in wanted.units.items()
    )
    head = f"[mapping]\nname = {quoted('FINESS ' + wanted.finess)}\nzone = {quoted(wanted.zone)}\n"
    return f"# The beginning of a mapping: add [tables.…] (docs/mappings.md).\n{head}{units}"


def _zone_faults(zone: str) -> list[Message]:
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError):
        return [message("verbs.new_home.zone")]
    return []


def _pairs(option: str, form: Message, given: tuple[str, ...], faults: list[Message]) -> dict[str, str]:
    """Texts by what stands before the sign; what is wrong with any goes to `faults`."""
    pairs: dict[str, str] = {}
    for entry in given:
        name, sign, value = (part.strip() for part in entry.partition("="))
        if not (
            name and sign and value and (name + value).isprintable() and max(len(name), len(value)) <= _MOST
        ):
            faults.append(
                message("verbs.new_home.form", option=option, entry=repr(entry), form=form, most=_MOST)
            )
        elif name in pairs:
            faults.append(message("verbs.new_home.twice", option=option, name=repr(name)))
        else:
            pairs[name] = value
    return pairs


def _people(given: tuple[str, ...], faults: list[Message]) -> dict[str, tuple[str, ...]]:
    from registry.people.person_names import is_person_name, same_person
    from registry.trust.trusted_people import ROLES

    pairs = _pairs("--person", message("verbs.new_home.person_form"), given, faults)
    for name, role in pairs.items():
        if role not in ROLES:
            faults.append(message("verbs.new_home.role", role=repr(role), roles=", ".join(ROLES)))
        if not is_person_name(name):
            faults.append(message("verbs.new_home.name", name=repr(name)))
    for a, b in combinations(pairs, 2):
        if same_person(a, b):
            faults.append(message("verbs.new_home.alike", names=(repr(a), repr(b))))
    return {name: (role,) for name, role in pairs.items()}
