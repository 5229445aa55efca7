"""Taking persons, and what is older than its term, out of what an installation holds.

Door: `sealed_files.erase_from_sealed`, `retention.retain`.
"""
