"""Faults of real processes: stopped models, kill -9, a database that goes away; under callers who want answers."""
