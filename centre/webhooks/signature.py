"""The signature of what an application is sent: by it the receiver knows the sender, the body and its age."""

import hashlib
import hmac

__all__ = ["signed_headers"]


def signed_headers(secret: str, delivery_id: str, body: bytes, at: int) -> dict[str, str]:
    """The headers of a delivery.

    The signature is HMAC-SHA256, in hex, over the time, the delivery's id and the body with a point between each; the
    key is the secret's bytes as ASCII. A receiver refuses one that is old, and takes each id once.

    Args:
        at: seconds since 1970.
    """
    signed = f"{at}.{delivery_id}.".encode() + body
    seal = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "user-agent": "vigie",
        "vigie-delivery": delivery_id,
        "vigie-signature": f"t={at},v1={seal}",
    }
