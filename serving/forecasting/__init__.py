"""From a question to a recorded, explained forecast.

Door: `forecast_service.ForecastService`, `decision_record.decide`.
"""
