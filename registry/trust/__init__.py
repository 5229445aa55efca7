"""Who is trusted, what they signed, and the releases that follow from it.

Door: `reviews.review`, `promotion.promote`, `releases.current_release`.
"""
