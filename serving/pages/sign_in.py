"""The way in for a browser: by token or by a link, and the way out."""

from typing import cast

from starlette.responses import RedirectResponse, Response

from hospital.words.language import LANGUAGES, Language
from registry.record.tokens import Caller
from serving.gateway.endpoint import Call, Endpoint, Parameter
from serving.gateway.way_in import BACK, UNSAVED, own_page
from serving.http.authentication import COOKIE, SESSION_SECONDS
from serving.pages.rendering import LANGUAGE, SEES_PAGES, language_of, render

__all__ = ["ENDPOINTS"]


def sign_in_page(call: Call) -> Response:
    """GET /sign-in"""
    fault = "session_ended" if UNSAVED in call.query else None
    return _asked(language_of(call), fault, own_page(call.query.get(BACK, "")))


def _asked(language: Language, fault: str | None, back: str = "", status: int = 200) -> Response:
    """The page that asks for a token.

    Args:
        back: the page to go on with; "": the start page.
    """
    return render("sign_in.html", language, status, fault=fault, back=back, path="/sign-in")


def sign_in(call: Call) -> Response:
    """POST /sign-in"""
    secret = call.body.get("token", "").strip()
    language = cast(Language, call.body.get("language", call.parts.language))
    language = language if language in LANGUAGES else call.parts.language
    back = own_page(call.body.get(BACK, ""))
    caller = call.parts.authority.caller(secret) if 0 < len(secret) <= 256 and secret.isascii() else None
    if caller is None or not caller.roles & SEES_PAGES or (caller.scopes and "pages" not in caller.scopes):
        call.parts.limits.refuse(call.address)
        return _asked(language, "wrong_token", back, 403)
    return _entered(call, caller, language, back or "/")


def enter(call: Call) -> Response:
    """GET /enter/{code}"""
    authority, code = call.parts.authority, call.path["code"]
    caller, page = authority.enter(code), authority.opened_page(code)
    if caller is None and call.caller.roles & SEES_PAGES:
        return RedirectResponse(page, 303)
    if caller is None:
        return _asked(call.parts.language, "link_used", status=403)
    return _entered(call, caller, call.parts.language, page, by_link=True)


def _entered(
    call: Call, caller: Caller, language: Language, page: str = "/", *, by_link: bool = False
) -> Response:
    if call.cookie:  # a browser has one session: its last one is nobody's any more
        call.parts.authority.end_session(call.cookie)
    response = RedirectResponse(f"/?language={language}" if page == "/" else page, 303)
    cookie = call.parts.authority.open_session(caller, by_link=by_link)
    response.set_cookie(
        COOKIE, cookie, max_age=SESSION_SECONDS, httponly=True, samesite="strict", secure=call.secure
    )
    return response


def sign_out(call: Call) -> Response:
    """POST /sign-out: the cookie opens nothing any more, wherever else it is."""
    if call.cookie:
        call.parts.authority.end_session(call.cookie)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


_WHERE = {
    BACK: Parameter({"type": "string", "maxLength": 1_000}, "the page to go on with"),
    UNSAVED: Parameter({"type": "string", "enum": ["yes"]}, "a form was sent that nobody received"),
}
ENDPOINTS = (
    Endpoint(
        "GET",
        "/sign-in",
        sign_in_page,
        "The way in",
        roles=None,
        page=True,
        parameters={**LANGUAGE, **_WHERE},
        documented=False,
    ),
    Endpoint(
        "POST", "/sign-in", sign_in, "The way in", roles=None, max_bytes=4_096, form=True, documented=False
    ),
    Endpoint(
        "GET",
        "/enter/{code}",
        enter,
        "The way in by a link",
        roles=None,
        page=True,
        once=True,
        documented=False,
    ),
    Endpoint(
        "POST", "/sign-out", sign_out, "The way out", roles=None, max_bytes=1_024, form=True, documented=False
    ),
)
