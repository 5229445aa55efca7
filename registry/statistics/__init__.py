"""Statistics that gates share: intervals, error rates, groups, disparities, verdicts, season model, trusted scope.

Door: `intervals`, `long_run_variance`, `error_rates`, `verdict.worst`, `scope.choose_scope`, `season_trend.fit_season`.
"""
