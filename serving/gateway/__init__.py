"""The one way in: every request passes authentication, limits and strict parsing before a handler.

Door: `request_gate.Gate`, `endpoint.Endpoint`, `service_parts.Parts`.
"""
