"""Errors as answers: JSON that says what happened, what to do, and where that is documented."""

import logging
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ltv_platform.errors import PassingError, UserError

_LOG = logging.getLogger(__name__)
#: Where answers point that name no section themselves.
DOCUMENTATION = "/docs#errors"
_LONGEST_PATH = 200


class RefusedError(UserError):
    """A request that is not answered, with its status.

    Args:
        status: The HTTP status, 400 or higher.
        message: What is wrong.
        hint: What to do next; one sentence.
        documentation: Path of the section that explains it.
        headers: Further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        hint: str = "",
        *,
        documentation: str = DOCUMENTATION,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.documentation = documentation
        self.headers = dict(headers or {})


def unavailable(error: UserError, documentation: str = DOCUMENTATION) -> RefusedError:
    """503 with the message of an error that no request can help."""
    return RefusedError(
        HTTPStatus.SERVICE_UNAVAILABLE, error.message, error.hint, documentation=documentation
    )


def error_answer(
    status: int,
    message: str,
    documentation: str = DOCUMENTATION,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The JSON of an error."""
    content = {"error": message, "documentation": documentation}
    return JSONResponse(content, status, headers)


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error in the same form."""
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(PassingError, _passing)
    app.add_exception_handler(UserError, _user_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def refusal(error: RefusedError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a refused request."""
    every = {**error.headers, **(headers or {})}
    return error_answer(error.status, _text(error), error.documentation, every)


def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RefusedError)
    return refusal(error)


def _user_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, UserError)
    return error_answer(HTTPStatus.BAD_REQUEST, _text(error))


def _passing(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PassingError)
    return error_answer(HTTPStatus.SERVICE_UNAVAILABLE, _text(error), headers={"Retry-After": "1"})


def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    wrong = "; ".join(
        f"{' '.join(map(str, one['loc'][1:])) or one['loc'][0]}: {one['msg']}"
        for one in error.errors()
    )
    return error_answer(HTTPStatus.BAD_REQUEST, f"The request is not valid. {wrong}")


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            message = f"There is no {path_of(request.scope)}. /docs lists the routes."
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = (error.headers or {}).get("Allow", "other methods")
            message = f"{path_of(request.scope)} does not accept {request.method}, but {allowed}."
        case _:
            message = str(error.detail)
    return error_answer(error.status_code, message, headers=error.headers)


def path_of(scope: Mapping[str, Any]) -> str:
    """The path of a request for people: as sent, so without line breaks, and without the query."""
    path = scope["raw_path"].decode("ascii", "replace")
    return path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}…"


class Unexpected:
    """Middleware, the innermost: answers and logs bugs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer it if that fails."""
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:  # nobody waits for an answer
            return
        except Exception as error:
            if scope["type"] != "http":
                raise
            answer = _bug(scope, error)
            if started:  # half of the answer is out: the connection must break
                raise
            await answer(scope, receive, send)


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    """For bugs of the middleware itself, which Starlette catches."""
    return _bug(request.scope, error)


def _bug(scope: Mapping[str, Any], error: Exception) -> JSONResponse:
    """Log an error, and answer with the number that it has in the log."""
    number = secrets.token_hex(4)
    _LOG.error("error %s: %s %s", number, scope["method"], path_of(scope), exc_info=error)
    return error_answer(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        f"The server failed: error {number} in its log. This is a bug in ltv-platform.",
    )


def _text(error: UserError) -> str:
    return f"{error.message} {error.hint}".strip()
