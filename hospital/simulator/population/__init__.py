"""Who comes to the emergency departments: when, with what, what chance decides for each, and each passage.

Door: `arrivals.draw_arrivals`, `patients.draw_patients`, `chances.draw_chances`, `visits.Population`.
"""
