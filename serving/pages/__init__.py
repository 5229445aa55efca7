"""The pages for a browser.

Door: `ENDPOINTS` of `start_page` and `monitoring_page`.
"""
