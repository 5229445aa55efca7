"""The hospital total's forecast: which units are in it, what is answered for all of them, and why, in words.

Door: `present_units.present_units`, `hospital_forecasts.hospital_forecasts`.
"""
