"""The pages for a browser.

Door: `start_page.ENDPOINTS`, `monitoring_page.ENDPOINTS`, `sign_in.ENDPOINTS`, `rendering.render`, `api_page.api_page`.
"""
