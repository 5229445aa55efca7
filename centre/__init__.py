"""The command centre: what people of the hospital see coming, decide, and find in its practice.

It reads forecasts, live state and who is signed in through the doors of `serving`, which knows nothing of it.
"""
