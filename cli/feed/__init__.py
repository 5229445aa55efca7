"""A replay: a hospital's tables, or a simulated day, sent to a running service as if they happened now.

Door: `replay.Replay`, `feed_source.folder_source`, `feed_source.simulated_source`.
"""
