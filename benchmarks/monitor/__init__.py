"""Years of daily figures, watched: `make bench-monitor`."""
