"""Lengths of time between two times of a row: cut, no longer sent, or an hour too long.

Door: `length_limits.length_limit_findings` and `length_clocks.length_clock_findings`.
"""
