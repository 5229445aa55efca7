"""The pages of the command centre.

Door: `pilotage.PILOTAGE`.
"""
