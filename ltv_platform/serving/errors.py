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

from ltv_platform.errors import PassingError, UserError

_LOG = logging.getLogger(__name__)
#: Where answers point that name no section themselves.
DOCUMENTATION = "/docs#errors"


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
            message = f"There is no {request.url.path}. /docs lists the routes."
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = (error.headers or {}).get("Allow", "other methods")
            message = f"{request.url.path} does not accept {request.method}, but {allowed}."
        case _:
            message = str(error.detail)
    return error_answer(error.status_code, message, headers=error.headers)


def unexpected(error: Exception, scope: Mapping[str, Any]) -> JSONResponse:
    """Log an error that is a bug, and answer with the number that it has in the log."""
    number = secrets.token_hex(4)
    _LOG.error("error %s: %s %s", number, scope["method"], scope["path"], exc_info=error)
    return error_answer(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        f"The server failed; its log has the cause as error {number}. "
        "This is a bug in ltv-platform.",
    )


def _text(error: UserError) -> str:
    return f"{error.message} {error.hint}".strip()
