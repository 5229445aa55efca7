"""What a release says of the emergency departments besides waits: who is admitted, and how probably patients board.

Door: `admissions.expected_admissions`, `boarding.boarding_forecasts`.
"""
