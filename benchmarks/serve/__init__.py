"""The service over the network, beside an empty one and a plain one: `make bench-serve`."""
