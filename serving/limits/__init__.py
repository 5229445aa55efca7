"""What one connection, one address, one token and all bodies together may take: refused before any work is done.

Door: `connection_limits.install`, `rate_limits.RateLimits`, `body_budget.BodyBudget`.
"""
