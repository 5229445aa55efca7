"""Where the repository's own files lie: docs, mappings, the program itself."""

from pathlib import Path

__all__ = ["ROOT"]

ROOT = Path(__file__).resolve().parents[2]
