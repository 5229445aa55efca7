"""The same numbers before and after a change of names: `make bench-unchanged`."""
