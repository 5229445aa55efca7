"""Evidence: scored rows and probes that gates judge. It never reaches serving.

Door: `records.Evidence`.
"""
