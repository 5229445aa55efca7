"""Every route of the product: serving's own, and those of the command centre, which serving knows nothing about."""

from centre import routes as centre
from serving.application import SERVED, with_document

__all__ = ["ENDPOINTS"]

ENDPOINTS = with_document((*SERVED, *centre.ENDPOINTS))
