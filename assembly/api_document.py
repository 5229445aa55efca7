"""``python -m assembly.api_document`` writes docs/openapi.json, as the service answers it under /docs.json."""

import sys
from pathlib import Path

from assembly.routes import ENDPOINTS
from serving.gateway.openapi import document_text

if __name__ == "__main__":
    target = Path(__file__).parents[1] / "docs" / "openapi.json"
    target.write_text(document_text(ENDPOINTS), encoding="utf-8")
    sys.stdout.write(f"{target.name} written\n")
