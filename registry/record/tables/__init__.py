"""The database's tables, as the newest of `registry/record/migrations` leaves them.

Door: `record_tables`, `access_tables`, `recommendation_tables`.
"""
