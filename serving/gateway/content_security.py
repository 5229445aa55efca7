"""What a page may load: nothing from anywhere else, and no script but, where a page is live, our own file."""

import base64
import hashlib
import re

__all__ = ["LIVE_POLICY", "POLICY", "policy_with_styles"]

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

LIVE_POLICY = f"{POLICY}; script-src 'self'; connect-src 'self'"
"""Of a page that renews itself: its script is a file of ours, and asks nobody else."""


def policy_with_styles(page: str) -> str:
    """The policy of a page that carries its own style sheet: exactly that one, by its digest."""
    sheets = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in sheets]
    allowed = " ".join(f"'sha256-{d}'" for d in digests)
    return POLICY.replace("style-src 'self'", f"style-src 'self' {allowed}".rstrip())
