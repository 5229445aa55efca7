"""Reasons as people read them: 100,000 answers in both languages, read back by a reader of its own.

Door: `python -m benchmarks.reasons` (`make bench-reasons`).
"""
