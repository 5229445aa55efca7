"""The hospital's record as arrays: every version of every row, and exact counts over them.

Door: `events.Events`, `interval_counts`.
"""
