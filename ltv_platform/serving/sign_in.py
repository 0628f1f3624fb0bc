"""Pages in a browser: the token once, in the address or on a small page, then a cookie."""

import re
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ltv_platform.errors import UserError
from ltv_platform.serving.access import caller_of
from ltv_platform.serving.callers import COOKIE
from ltv_platform.serving.pages import render
from ltv_platform.serving.services import Services

#: What a token needs to see the pages.
SCOPE = "READ:dashboard"
_ELSEWHERE = ("cross-site", "same-site")
_MONTH = 30 * 86_400
#: A path here: browsers take // and /\\ for another host, and ignore tabs and line breaks.
_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\x7f]*")


class AnswerInsteadError(Exception):
    """A page is not shown; this answer takes its position."""

    def __init__(self, answer: Response) -> None:
        super().__init__("another answer")
        self.answer = answer


def answer_instead(_: Request, error: Exception) -> Response:
    """The handler of :class:`AnswerInsteadError`."""
    assert isinstance(error, AnswerInsteadError)
    return error.answer


def require_page(request: Request) -> None:
    """A dependency of pages: lets those in who may see them.

    Raises:
        AnswerInsteadError: the answer is a redirect that takes the token out of the address, or the
            page that asks for a token.
    """
    caller, allowed = caller_of(request), _may_see(request)
    in_address = request.query_params.get("token")
    if allowed and in_address is not None:
        answer = RedirectResponse(_without_token(request), HTTPStatus.SEE_OTHER)
        if caller.token is not None and not caller.cookie:
            _remember(request, answer, in_address)
        raise AnswerInsteadError(answer)
    if allowed:
        return
    if not caller.presented and request.headers.get("sec-fetch-site") in (
        "cross-site",
        "same-site",
    ):
        # A link from elsewhere: the browser has not sent the cookie, but will from a page of ours.
        address = f"/sign-in?{urlencode({'to': _without_token(request)})}"
        raise AnswerInsteadError(_page("again.html.j2", HTTPStatus.OK, address=address))
    wrong = ""
    if caller.token is not None:
        wrong = f"The token {caller.token.name} may not see the dashboard: it needs {SCOPE}."
    elif caller.presented:
        wrong = "The token is unknown or revoked."
    raise AnswerInsteadError(_form(wrong, _without_token(request)))


def router(services: Services) -> APIRouter:
    """The routes of signing in and out."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/sign-in")
    def show(request: Request, to: str = "/") -> Response:
        """The form, or the page itself for those who may see it."""
        target = to if _is_ours(to) else "/"
        if _may_see(request):
            return RedirectResponse(target, HTTPStatus.SEE_OTHER)
        return _form("", target)

    @routes.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        """Take the token of the form."""
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        given, target = (form.get(name, [""])[0].strip() for name in ("token", "to"))
        target = target if _is_ours(target) else "/"
        try:
            token = services.tokens.find(given)
        except UserError as error:
            return _form(str(error), target)
        if token is None or not token.may(SCOPE):
            return _form(f"This is not a token with the scope ADMIN or {SCOPE}.", target)
        answer = RedirectResponse(target, HTTPStatus.SEE_OTHER)
        _remember(request, answer, given)
        return answer

    @routes.post("/sign-out")
    def sign_out() -> Response:
        """Forget the token."""
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(COOKIE)
        return answer

    return routes


def _may_see(request: Request) -> bool:
    services: Services = request.app.state.services
    token = caller_of(request).token
    return services.open_to_all or (token is not None and token.may(SCOPE))


def _form(wrong: str, target: str) -> HTMLResponse:
    return _page("sign_in.html.j2", HTTPStatus.FORBIDDEN, wrong=wrong, target=target)


def _page(template: str, status: int, **values: Any) -> HTMLResponse:
    return HTMLResponse(render(template, **values), status)


def _remember(request: Request, answer: Response, token: str) -> None:
    answer.set_cookie(
        COOKIE,
        token,
        max_age=_MONTH,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _without_token(request: Request) -> str:
    left = [pair for pair in parse_qsl(request.url.query, True) if pair[0] != "token"]
    path = request.url.path if _is_ours(request.url.path) else "/"
    return f"{path}?{urlencode(left)}" if left else path


def _is_ours(target: str) -> bool:
    """Whether a target is a path, which browsers do not take for the name of another host."""
    return _PATH.fullmatch(target) is not None
