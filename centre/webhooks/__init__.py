"""Webhooks: other applications are told what a person decided, signed, and told again until they took it.

Door: `delivery.deliver`, `signature.signed_headers`.
"""
