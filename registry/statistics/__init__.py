"""Statistics that gates share: intervals, error rates, groups, disparities, verdicts, the trusted scope.

Door: `intervals`, `error_rates`, `verdict.worst`, `scope.choose_scope`.
"""
