"""Ten thousand hostile requests: what a service answers to them, what they cost it, and what of them it keeps."""
