"""The hospital as it is known now: stored observations, and the live state that features are computed from.

Door: `observations.add`, `unknown_units.unknown_units`, `live_state.StateCache`.
"""
