"""The board's policy: which gates are required, with which margins; and the policy that ships.

Door: `board_policy.load_policy`, `board_policy.default_policy`, `trusted_scope.in_scope`.
"""
