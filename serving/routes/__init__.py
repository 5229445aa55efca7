"""The routes of the API, each declared once.

Door: `ENDPOINTS` of each module.
"""
