"""A protocol of the tests, made for them."""

from pathlib import Path

__all__ = ["SURGE", "protocol_text", "write"]

SURGE = """+++
id = "reserve-beds"
version = 2
title = "Ouvrir les lits de réserve"
language = "fr"
units = ["MED-A", "MED-B"]
levels = ["2", "3"]
owner = "Direction des soins"
validated_by = ["Commission médicale d'établissement"]
valid_from = 2025-01-01
valid_until = 2026-12-31
read_first = true

[[steps]]
action = "Appeler le cadre de garde"
role = "Gestionnaire des lits"
within_minutes = 15

[[steps]]
action = "Armer les capacités de réserve"
role = "Cadre de garde"
skills = ["ventilation", "polyvalence"]
two_people = true
+++
# Quand

Les transferts ne suffisent plus : l'urgentiste prévient le gestionnaire.
"""


def protocol_text(**changes: str) -> str:
    """The protocol with lines of its front matter replaced, by key; an empty text takes the line out."""
    lines = SURGE.split("\n")
    for key, value in changes.items():
        at = next(n for n, line in enumerate(lines) if line.startswith(f"{key} ="))
        lines[at] = f"{key} = {value}" if value else ""
    return "\n".join(lines)


def write(folder: Path, text: str) -> Path:
    """The text as a file of a folder."""
    path = folder / "protocol.md"
    path.write_text(text, "utf-8")
    return path
