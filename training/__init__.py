"""From the hospital's tables to a registered candidate."""
