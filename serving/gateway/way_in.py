"""Where a browser without a session is sent, and where it goes on from there: the page it was on, and no other site.

A session may end while a form is written. Whoever sends it then reads that nothing was recorded, signs in, and stands
before the same page again.
"""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers

from hospital.words.language import LANGUAGES

__all__ = ["BACK", "UNSAVED", "own_page", "way_in"]

BACK, UNSAVED = "back", "unsaved"
"""Parameters of the way in: the page to go on with; whether a form was sent that nobody received."""
_MOST = 300
_OWN = re.compile(r"/(?!/)[A-Za-z0-9/_.~%+*-]*(\?[A-Za-z0-9/_.~%+*=&-]*)?")
"""A path of this service: neither another host (``//``) nor anything that a browser would read as one (a backslash)."""


def way_in(method: str, path: str, query: str, headers: Headers) -> str:
    """The address of the sign-in page for a request without a session.

    Args:
        path, query: as they were sent. Of a form it is the page that it stood on, as the browser names it.
    """
    if method == "GET":
        wanted = _page(path, query)
    else:
        sent_from = urlsplit(headers.get("referer", ""))
        own = sent_from.netloc.lower() == headers.get("host", "").lower()
        wanted = _page(sent_from.path, sent_from.query) if own else ""
    asked = dict(parse_qsl(urlsplit(wanted).query))
    more = {"language": asked["language"]} if asked.get("language") in LANGUAGES else {}
    if wanted not in ("", "/"):
        more[BACK] = wanted
    if method != "GET":
        more[UNSAVED] = "yes"
    return f"/sign-in?{urlencode(more)}" if more else "/sign-in"


def own_page(address: str) -> str:
    """The address, where it is one of this service's own pages; "" where it is not."""
    return address if len(address) <= _MOST and _OWN.fullmatch(address) else ""


def _page(path: str, query: str) -> str:
    """A page with its query, but for what a page that renews itself adds to it."""
    asked = urlencode([(n, v) for n, v in parse_qsl(query, keep_blank_values=True) if n != "renewed"])
    return own_page(f"{path}?{asked}" if asked else path)
