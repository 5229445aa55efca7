"""Statistics that gates share: intervals, error rates, groups, disparities, verdicts, the trusted scope.

Door: `intervals`, `long_run_variance`, `error_rates`, `verdict.worst`, `scope.choose_scope`.
"""
