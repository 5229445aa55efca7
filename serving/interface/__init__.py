"""What stands above serving uses of it: routes behind the gate, and what was known of the hospital at an instant.

Only this room is imported from above (import-linter). It hands out serving's own types, and adds none of the caller's.

Door: `requests.Endpoint`, `live_record.record_at`, `pages.page`.
"""
