"""Exact contributions beside other libraries: `make bench-explain`."""
