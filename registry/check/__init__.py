"""The check: evidence that the author does not make, judged by the policy, sealed as report and card.

Door: `run.check`.
"""
