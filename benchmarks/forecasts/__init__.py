"""Errors of forecasts on real records and simulated hospitals, and what training costs."""
