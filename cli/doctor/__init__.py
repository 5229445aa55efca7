"""What state an installation is in, named in words, with what mends it.

Door: `examination.examine`, `states.State`.
"""
