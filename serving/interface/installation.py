"""Where an installation keeps what stands above serving: files of its own, by the service's settings."""

from pathlib import Path

from serving.gateway.service_parts import Parts

__all__ = ["Parts", "decisions_file", "levels_file"]


def levels_file(parts: Parts) -> Path:
    """The file of the hospital's policy of levels, which may not be there."""
    return parts.settings.levels


def decisions_file(parts: Parts) -> Path:
    """The file of the hospital's policy of decisions, which may not be there."""
    return parts.settings.home / "decisions.toml"
