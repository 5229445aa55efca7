"""What the gates let pass and stop: error rates, leaks, real records, the cost of a check."""
