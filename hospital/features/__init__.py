"""The one definition of the features: the same code for training, for a check and for a live request.

Door: `wait.WaitFeatures`, `beds.BedFeatures`, `definition_digest.feature_digest`.
"""
