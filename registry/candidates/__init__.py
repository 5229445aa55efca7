"""What is registered, checked and reviewed, and not yet in use: versions, what a check sealed of them, reviews, data.

Door: `candidates.candidate`, `candidates.register`, `sealed_check.read_sealed`, `reviews.review`.
"""
