"""The releases in use, their alarms, and what pages show of versions.

Door: `releases_in_use.Releases`, `version_overview.StoredCatalogue`, `monitored_alarms.degraded`.
"""
