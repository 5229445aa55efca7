"""Decisions on recommendations: who may, by which acts, and what was decided; never anybody but a person.

Door: `decision_policy.policy_of_file`, `entitlement.entitlement`, `decision_log.decide`.
"""
