"""A verified package as something that forecasts and explains, and the rows it does so for.

Door: `forecast_model.ForecastModel`, `scope_fallback.answer`, `scope_fallback.unsound`, `scoring.prepare`.
"""
