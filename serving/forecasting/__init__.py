"""From a question to a recorded, explained forecast.

Door: `forecaster.make_forecaster`, `prediction_record.record`.
"""
