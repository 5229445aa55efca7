"""More of a forecast than its own reasons: why it differs from another, how uncertain it is, what levers would change.

Door: `explainer.Explainer`, `given_predictions.GivenPredictions`.
"""
