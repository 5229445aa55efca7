"""What was recommended and what people did about it, as it is stored; and whether the journal still agrees.

Door: `store.RecommendationStore`, `audit.edited`.
"""
