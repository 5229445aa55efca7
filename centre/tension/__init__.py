"""Tension: how probably more beds are needed than have staff, by calibrated distributions; indices of crowding now.

Door: `answers.TensionAnswer`, `indices.crowding_indices`.
"""
