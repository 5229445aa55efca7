"""The hospital total's answer from its units' answers, and its scores beside the baselines' own.

Door: `hospital_total_answer.answer_hospital_total`, `hospital_total_scores`.
"""
