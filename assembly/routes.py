"""Every route of the product: serving's own, and those of the command centre, which serving knows nothing about."""

from centre import routes as centre
from serving.application import SERVED, with_document

__all__ = ["ENDPOINTS"]

_REPLACED = {(e.method, e.path) for e in centre.ENDPOINTS}
"""The centre lists decisions of both kinds where serving alone lists those on predictions."""

ENDPOINTS = with_document((*(e for e in SERVED if (e.method, e.path) not in _REPLACED), *centre.ENDPOINTS))
