"""What a model is put together from, each part by itself: linear step, training range, width of the intervals.

Door: `linear_step.Median`, `training_range.TrainingRange`, `adaptive_width.AdaptiveWidth`.
"""
