"""The routes of the API, each declared once.

Door: `forecasts.ENDPOINTS`, `records.ENDPOINTS`, `explanations.ENDPOINTS`, `models.ENDPOINTS`, `health.ENDPOINTS`.
"""
