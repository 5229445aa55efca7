"""A problem as a page: whoever opens a page in a browser reads what is wrong and where to go on, in place of JSON."""

from starlette.responses import Response

from hospital.markup import templates_of
from hospital.words import formats
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from serving.errors import Problem
from serving.http.content_negotiation import preferred_type
from serving.http.problems import PROBLEM_JSON, problem_response, title_of

__all__ = ["refusal"]

_FORMS = (PROBLEM_JSON, "text/html")
_FOR_APPLICATIONS = "/v1/"


def refusal(problem: Problem, request_id: str, language: Language, path: str, accept: str) -> Response:
    """A problem's response: a page to who prefers one, a problem detail to everybody else and of applications' routes.

    Args:
        path: of the address that was asked for.
        accept: the Accept header as it was sent; "" where there was none.
    """
    if path.startswith(_FOR_APPLICATIONS) or preferred_type(accept, _FORMS) != "text/html":
        return problem_response(problem, request_id, language)
    own = f"pages.problem.{problem.code}"
    page = (
        templates_of("serving.http")
        .get_template("problem.html")
        .render(
            language=language,
            title=title_of(problem, language),
            detail=text(own, language) if has_text(own) else problem.words(language),
            faults=[f"{formats.label(f.path, language)}{f.words(language)}" for f in problem.faults],
            back=text("pages.problem.back", language),
            reference=text("pages.problem.reference", language, id=request_id),
        )
    )
    return Response(page, problem.status, problem.headers, media_type="text/html")
