"""Where an installation keeps what stands above serving: files of its own, by the service's settings."""

from pathlib import Path

from serving.gateway.service_parts import Parts

__all__ = ["Parts", "levels_file"]


def levels_file(parts: Parts) -> Path:
    """The file of the hospital's policy of levels, which may not be there."""
    return parts.settings.levels
