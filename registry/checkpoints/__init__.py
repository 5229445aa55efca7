"""Signed checkpoints of the journal, in a file of their own: what was cut off, written anew or put back shows.

Door: `service_key.service_key`, `checkpointing.Checkpointer`, `checkpointing.checkpoint`, `vouching.vouch`.
"""
