"""Who is trusted: keys, the founding, each change of people and policy under a quorum, and stops.

Door: `keys.load_key`, `trust_store.load_trust`, `trust_changes.found_trust`, `model_stops.stop_model`.
"""
