"""What the demo's hospital gives its command centre: levels, who decides, protocols in use, skills and trainings."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from string import Template

from rich.console import Console

from cli.demo.steps import note, step
from registry.digests import write_atomically
from registry.policy.board_policy import Policy
from registry.settings import Settings
from registry.trust.keys import demo_key

__all__ = ["PROTOCOLS", "give_command_centre", "write_levels"]

PROTOCOLS = ("revue-des-sorties", "lits-de-reserve", "urgences-saturees")
_FILES = files("cli.demo").joinpath("files")
_COMMENT = "Demonstration: read by the demo's board."


def write_levels(settings: Settings) -> None:
    """Writes the policy of levels: before the training, which learns boarding at the threshold that it names."""
    write_atomically(settings.home / "levels.toml", _FILES.joinpath("levels.toml").read_bytes())


def give_command_centre(console: Console, settings: Settings, policy: Policy, start: datetime) -> None:
    """Writes the files, and has the demo's people sign its protocols and put them in use; what is there is kept.

    Args:
        start: where the service's clock begins: validities lie around it and around today.
    """
    with step(console, settings, "centre") as notes:
        day = start.date()
        write_atomically(settings.home / "decisions.toml", _file("decisions.toml", day))
        for name, lines in _skills(day):
            _write(settings.skills / name, lines)
        added = [name for name in PROTOCOLS if _put_in_use(settings, policy, name, day)]
        notes.append(note(settings, "protocols", len(PROTOCOLS)))
        if not added:
            notes.append(note(settings, "present"))


def _file(name: str, day: date) -> bytes:
    """A file of the demo with its days filled in."""
    last = max(day, datetime.now(UTC).date()) + timedelta(days=730)
    days = {
        "valid_from": day - timedelta(days=365),
        "valid_until": last.replace(
            month=1, day=1
        ),  # the same all year: a protocol's bytes are what is signed
        "lapsed": day - timedelta(days=30),
    }
    return Template(_FILES.joinpath(name).read_text("utf-8")).substitute(days).encode()


def _put_in_use(settings: Settings, policy: Policy, name: str, day: date) -> bool:
    """Adds, approves and uses a protocol, if no version of it is in use; whether it had to."""
    from centre.practice.protocol_store import ProtocolStore

    store, now = ProtocolStore(settings, policy), datetime.now(UTC)
    if any(one.protocol.protocol_id == name for one in store.in_use(day)):
        return False
    versions = [one.protocol.version for one in store.versions() if one.protocol.protocol_id == name]
    number = max(versions, default=0) + 1
    content = _file(f"{name}.md", day).replace(b"version = 1\n", f"version = {number}\n".encode())
    store.add(content, demo_key("author"), now=now)
    for member in ("board-1", "board-2"):
        store.review(name, number, demo_key(member), "approve", _COMMENT, now=now)
    store.put_in_use(name, number, demo_key("releaser"), "Demonstration", now=now)
    return True


def _write(path: Path, lines: list[tuple[object, ...]]) -> None:
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, "".join(";".join(map(str, line)) + "\n" for line in lines).encode())


def _skills(day: date) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """The files of skills: pseudonyms hold them, one lapses soon, one has lapsed, tomorrow's shift is thin."""

    def after(days: int) -> date:
        return day + timedelta(days=days)

    units, tomorrow = ("MED-A", "MED-B", "GER-A", "CHI-A"), after(1)
    held: list[tuple[object, ...]] = [("person", "skill", "until", "home_unit")]
    shifts: list[tuple[object, ...]] = [("unit", "day", "person")]
    names: list[tuple[object, ...]] = [("person", "name")]
    for number, unit in enumerate(units):
        for place in range(8):
            person = f"demo-{unit.lower()}-{place}"
            until = "" if place else after(20 if number else -3)
            held.append((person, "polyvalence" if place < 6 else "ventilation", until, unit))
            names.append((person, f"Soignant {number * 8 + place + 1} (démo)"))
            if place < 5:
                shifts.append((unit, tomorrow, person))
    yield "held.csv", held
    yield "shifts.csv", shifts
    yield "names.csv", names
    yield (
        "needs.csv",
        [
            ("unit", "skill", "patients_each", "at_least"),
            *((unit, "polyvalence", each, 1) for unit, each in zip(units, (30, 24, 16, 18), strict=True)),
        ],
    )
    yield (
        "openings.csv",
        [
            ("kind", "skill", "title", "unit", "starts_on", "places"),
            ("training", "polyvalence", "Polyvalence en médecine (démo)", "MED-A", after(6), 4),
            ("mobility", "polyvalence", "Poste de jour en gériatrie (démo)", "GER-A", after(12), 1),
            ("training", "gestion-des-lits", "Gestion des lits (démo)", "MED-A", after(15), 6),
        ],
    )
