"""From a hospital's files to its tables: read in chunks, mapped, checked, pseudonymised.

Door: `hospital_reader.read_hospital`, `event_columns.events_of`.
"""
