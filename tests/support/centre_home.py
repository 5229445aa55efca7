"""A home with all that a service can be asked about: protocols, skills, levels, a policy of decisions, tokens."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from string import Template

from registry.record.database import opened_database, writing
from registry.record.tokens import ROLES, create_token
from registry.settings import Settings
from tests.support.practice_home import write_practice

__all__ = ["give_centre", "tokens_of_roles"]


def give_centre(settings: Settings, now: datetime) -> None:
    """Protocols and skills of the tests, levels and policy of the demo, valid around a day."""
    write_practice(settings, now)
    days = {
        "valid_from": now.date() - timedelta(days=365),
        "valid_until": max(now, datetime.now(UTC)).date() + timedelta(days=365),
        "lapsed": now.date() - timedelta(days=30),
    }
    for name in ("levels.toml", "decisions.toml"):
        content = files("cli.demo").joinpath("files", name).read_text("utf-8")
        (settings.home / name).write_text(Template(content).substitute(days), "utf-8")


def tokens_of_roles(settings: Settings) -> dict[str, str]:
    """A token for each role alone, by the role's name."""
    with opened_database(settings.database) as engine, writing(engine) as connection:
        now = datetime.now(UTC)
        return {role: create_token(connection, f"of {role}", [role], now=now) for role in ROLES}
