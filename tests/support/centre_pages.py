"""What the command centre's pages say, as text, for tests that hold it against the API; and who signs in there."""

import html
import re
from collections.abc import Mapping
from typing import Any

import httpx

__all__ = ["CentrePages", "plain"]


def plain(markup: str) -> str:
    """The words of a piece of a page, with one space between them."""
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]*>", " ", markup))).strip()


class CentrePages:
    """A running service, asked with one token for pages and for the API."""

    def __init__(self, base: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=base, headers={"authorization": f"Bearer {token}"}, timeout=60, follow_redirects=True
        )

    def __enter__(self) -> "CentrePages":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def api(self, path: str) -> Any:
        """What the API answers."""
        answer = self._client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def page(self, path: str, language: str = "fr") -> str:
        """A page."""
        between = "&" if "?" in path else "?"
        answer = self._client.get(f"{path}{between}language={language}", headers={"accept": "text/html"})
        assert answer.status_code == 200, (path, answer.text)
        return answer.text

    def sent(self, path: str, body: Mapping[str, Any], status: int) -> Any:
        """What is answered to a POST."""
        answer = self._client.post(path, json=dict(body))
        assert answer.status_code == status, (path, answer.text)
        return answer.json()

    def first(self, path: str, language: str = "fr") -> str:
        """The sentence at the top of a page."""
        return plain(
            re.findall(r'<h1 class="first"[^>]*>(.*?)</h1>', self.page(path, language), re.DOTALL)[0]
        )

    def rows(self, language: str = "fr") -> dict[str, list[str]]:
        """The table of the page Pilotage: by unit, its cells; of the hospital under ``""``."""
        page = self.page("/pilotage", language)
        found = re.findall(r'<tr role="row" class="[^"]*"(?: data-unit="(.*?)")?>(.*?)</tr>', page, re.DOTALL)
        return {
            unit: [plain(c) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", cells, re.DOTALL)]
            for unit, cells in found
        }
