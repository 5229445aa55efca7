"""What a hospital's tables hold, before any training: facts, findings, and what they are good for.

Door: `build.profile_of`.
"""
