"""What is in use: releases are promoted, signed, chained, and verified to the last byte when they are loaded.

Door: `promotion.promote`, `releases.current_release`, `releases.load_release`.
"""
