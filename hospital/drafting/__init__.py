"""A first mapping of an unknown file, drafted from its header and values for a person to finish.

Door: `mapping_draft.draft_mapping`.
"""
