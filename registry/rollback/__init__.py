"""The short path back to an earlier release: members of the board approve it, a releaser carries it out.

Door: `rollback.rollback`, `rollback.approve_rollback`.
"""
