"""What applications send and what they get back, and the protocol between routes and forecaster.

Door: `request_bodies`, `forecast_questions`, `record_requests`, `answer_bodies`, `forecast_protocol`.
"""
