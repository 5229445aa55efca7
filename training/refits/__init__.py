"""What a check has fitted in a process of its own: the model again on other weeks, and what its reasons give away.

Door: `child_command.REFITS`.
"""
