"""The database: observations, predictions, decisions, tokens and the hash-chained journal.

Door: `database.open_database`, `journal.append_all`, `journal_audit.verify`, `observations.columns_in_force`, `tokens`.
"""
