"""Levels of tension as a versioned policy of the hospital: which is reached now, and how probably ahead.

Door: `level_policy.read_level_policy`, `shipped_policies.shipped_policy`, `levels_now.levels_now`.
"""
