"""A standing search for what breaks: `make fuzz`. Files, mappings, request bodies and models get mutated bytes."""
