"""Webhooks: what a person decided is sent to other applications, signed, and again until they took it.

Door: `delivery.deliver`, `signature.signed_headers`.
"""
