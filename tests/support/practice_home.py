"""Protocols in force and files of skills in a home, made for tests and pictures."""

from datetime import datetime, timedelta
from pathlib import Path

from centre.practice.protocol_store import ProtocolStore
from registry.policy.board_policy import default_policy
from registry.settings import Settings
from registry.trust.keys import load_key
from tests.centre.practice.protocol_texts import protocol_text
from tests.support.installation import after

__all__ = ["write_practice", "write_skills"]


def write_practice(settings: Settings, now: datetime, **changes: str) -> None:
    """The protocol of the tests, put in use by the home's people, and files of skills around a day.

    Args:
        now: on whose day the protocol is valid.
        changes: of its front matter, as in `protocol_text`.
    """
    store = ProtocolStore(settings, default_policy())
    first, last = min(now, after(0)) - timedelta(days=90), max(now, after(0)) + timedelta(days=90)
    valid = {"valid_from": f"{first:%Y-%m-%d}", "valid_until": f"{last:%Y-%m-%d}"}
    content = protocol_text(**{**valid, "version": "1", **changes}).encode()
    keys = {n: load_key(settings.home / "keys" / f"{n}.json") for n in ("author", "ada", "bob", "releaser")}
    protocol = store.add(content, keys["author"], now=after(0))
    for name in ("ada", "bob"):
        store.review(
            protocol.protocol_id, protocol.version, keys[name], "approve", "read at the bedside", now=after(1)
        )
    store.put_in_use(protocol.protocol_id, protocol.version, keys["releaser"], "winter plan", now=after(2))
    write_skills(settings.skills, now)


def write_skills(folder: Path, now: datetime, unit: str = "MED-A") -> None:
    """Two holders of a skill, one of whose lapses soon, a training, a need, and tomorrow's shift."""
    folder.mkdir(parents=True, exist_ok=True)

    def day(days: int) -> str:
        return f"{now + timedelta(days=days):%Y-%m-%d}"

    (folder / "held.csv").write_text(
        "person,skill,until,home_unit\n"
        f"p-71c4,ventilation,{day(20)},{unit}\np-09aa,ventilation,,{unit}\np-3e55,polyvalence,{day(-1)},{unit}\n"
    )
    (folder / "openings.csv").write_text(
        "kind,skill,title,unit,starts_on,places\n"
        f"training,ventilation,Ventilation au lit du malade,{unit},{day(9)},4\n"
        f"training,ventilation,Complet,{unit},{day(10)},0\n"
    )
    (folder / "needs.csv").write_text(f"unit,skill,patients_each,at_least\n{unit},ventilation,12,1\n")
    (folder / "shifts.csv").write_text(f"unit,day,person\n{unit},{day(1)},p-71c4\n")
    (folder / "names.csv").write_text("person,name\np-71c4,Personne de démonstration 1\n")
