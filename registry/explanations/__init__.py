"""Explanations beyond a forecast's own: of the difference of two, of how uncertain one is, of what levers would change.

Door: `contrast.contrast`, `uncertainty.explain_width`, `uncertainty.explain_tension`, `counterfactual.counterfactuals`.
"""
