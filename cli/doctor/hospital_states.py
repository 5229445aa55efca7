"""States of what the hospital writes itself: levels, decisions, skills, protocols, and the settings of its shell.

The service reads them as they are and goes on without what it cannot read: no level is called, nobody may decide.
"""

import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cli.doctor.states import State, Weight
from hospital.errors import VigieError
from registry.digests import read_plain_file
from registry.settings import Settings

__all__ = ["hospital_states"]


def hospital_states(settings: Settings) -> Iterator[State]:
    """The states; none of what is not there and nobody named."""
    yield from _settings_states(settings.home / "settings.env")
    named = {"levels_missing": settings.levels_file, "skills_missing": settings.skills_dir}
    for name, path in named.items():
        if path is not None and not path.exists():
            yield State(name, Weight.FAULT, {"path": path})
    yield from _policy_states(settings)
    yield from _skill_states(settings.skills)
    yield from _protocol_states(settings)


def _settings_states(path: Path) -> Iterator[State]:
    if not path.exists() and not path.is_symlink():
        return
    try:
        shlex.split(read_plain_file(path, follow=True).decode("utf-8"), comments=True)
    except (OSError, ValueError):  # not to be read, not UTF-8, a quotation mark without a partner
        yield State("settings_unreadable", Weight.FAULT, {"path": path})


def _policy_states(settings: Settings) -> Iterator[State]:
    from centre.decisions.decision_policy import DecisionPolicyError, policy_of_file
    from centre.levels.hospital_levels import policy_in_force

    faults = policy_in_force(settings.levels).faults
    if faults:
        yield State("levels_broken", Weight.FAULT, {"path": settings.levels, "n": len(faults)})
    decisions = settings.home / "decisions.toml"
    try:
        policy_of_file(decisions)
    except DecisionPolicyError as error:
        yield State("decisions_broken", Weight.FAULT, {"path": decisions, "n": len(error.faults)})


def _skill_states(folder: Path) -> Iterator[State]:
    from centre.practice.skill_files import read_skills

    faults = read_skills(folder).faults
    if faults:
        first = ", ".join(fault.path for fault in faults[:3])
        yield State("skills_broken", Weight.FAULT, {"path": folder, "n": len(faults), "first": first})


def _protocol_states(settings: Settings) -> Iterator[State]:
    """Versions of protocols of which nobody who is trusted signed these bytes, or that cannot be read."""
    from centre.practice.protocol_store import ProtocolStore
    from registry.trust.policy_in_force import policy_in_force

    if not (settings.trust / "trust.json").exists():
        return
    folders = sorted((settings.home / "protocols").glob("*/[0-9]*/"))
    broken: list[str] = []
    with suppress(VigieError):  # the trust folder's own faults are said of it
        store = ProtocolStore(settings, policy_in_force(settings.trust))
        for folder in folders:
            try:
                store.version(folder.parent.name, int(folder.name))
            except (VigieError, ValueError):
                broken.append(f"{folder.parent.name} {folder.name}")
    if broken:
        yield State("protocols_broken", Weight.FAULT, {"versions": ", ".join(broken)})
