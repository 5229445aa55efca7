"""The service as hospitals run it: the routes of `serving` and of `centre`, behind one gate.

Door: `routes.ENDPOINTS`, `service`.
"""
