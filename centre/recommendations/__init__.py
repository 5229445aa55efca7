"""Recommendations: which protocol's step a level of tension calls, why, until when and by whom it is to be decided.

Door: `look.look`, `plan.plan`, `answers.recommendation_answer`.
"""
