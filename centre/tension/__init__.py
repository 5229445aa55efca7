"""Tension: how probably more beds are needed than have staff, by calibrated distributions; indices of crowding now.

Door: `exceedance.unit_exceedances`, `indices.crowding_indices`.
"""
