"""The routes of pipes: figures out."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from ltv_platform.assets import build_graph
from ltv_platform.errors import PassingError, UserError
from ltv_platform.pipes.answering import Answering
from ltv_platform.pipes.declared import all_pipes
from ltv_platform.pipes.formats import FORMATS, PARQUET, WRITERS, as_parquet
from ltv_platform.pipes.listing import described
from ltv_platform.pipes.model import Parameter, Pipe, UnknownPipeError, known_pipe, shown
from ltv_platform.pipes.parameters import UnsupportedError, read_question
from ltv_platform.serving.access import require
from ltv_platform.serving.errors import RefusedError, unavailable
from ltv_platform.serving.services import Services

_PIPES = "/docs#get-v0-pipes"
_NOT_SUPPORTED = {
    "/v0/sql": "SQL is not run over HTTP.",
    "/v0/datasources": "Sources have their own types here, and nobody changes them over HTTP.",
}
_INSTEAD = {
    "/v0/sql": "Ask a pipe of /v0/pipes, or run `ltv query` on the server.",
    "/v0/datasources": "Send rows to /v0/events?name=SOURCE, or load files with `ltv ingest`.",
}
#: Answers a request for ``pipe.format``.
Ask = Callable[[Request, str], Awaitable[Response]]


def router(services: Services) -> APIRouter:
    """The routes under ``/v0/pipes``, and those of the API that this server does not have."""
    routes = APIRouter(tags=["pipes"])
    pipes = all_pipes(services.settings)
    answering = Answering(services.reading, build_graph(services.settings))
    services.live.prepare(answering.prepare)

    @routes.get("/v0/pipes")
    async def list_pipes(request: Request) -> JSONResponse:
        """All pipes, with their parameters and columns."""
        require(request, "READ:pipes")
        return JSONResponse({"pipes": [_described(pipe, request) for pipe in pipes.values()]})

    async def ask(request: Request, asked: str) -> Response:
        name, _, kind = asked.rpartition(".")
        if not name:
            name, kind = asked, ""
        require(request, f"READ:{name}")
        pipe = _known(pipes, name)
        if not kind and request.method == "GET":
            return JSONResponse(_described(pipe, request))
        if kind not in FORMATS:
            raise RefusedError(
                HTTPStatus.NOT_FOUND,
                f"{name} has no format {shown(kind) if kind else '(none)'}.",
                f"Formats are {', '.join(f'.{known}' for known in FORMATS)}.",
                documentation=_PIPES,
            )
        given = [*request.query_params.multi_items(), *await _body(request)]
        return await run_in_threadpool(_answer, services, answering, pipe, kind, given)

    for pipe in pipes.values():
        _add(routes, pipe, ask)
    routes.add_api_route("/v0/pipes/{asked}", ask, methods=["GET", "POST"], include_in_schema=False)
    for path in _NOT_SUPPORTED:
        _add_refusal(routes, path)
    return routes


def _add(routes: APIRouter, pipe: Pipe, ask: Ask) -> None:
    """The route of a pipe, for the OpenAPI; all pipes are asked in the same way."""

    async def ask_pipe(request: Request) -> Response:
        return await ask(request, f"{pipe.name}.{request.path_params['kind']}")

    for method in ("GET", "POST"):
        routes.add_api_route(
            f"/v0/pipes/{pipe.name}.{{kind}}",
            ask_pipe,
            methods=[method],
            operation_id=f"{method.lower()}_{pipe.name}",
            description=f"{pipe.description} {pipe.notes}".strip(),
            openapi_extra={"parameters": [_KIND, *map(_documented, pipe.all_parameters)]},
            responses={
                HTTPStatus.OK.value: {"content": {"application/json": {}, "text/csv": {}}},
                HTTPStatus.BAD_REQUEST.value: {
                    "description": "A parameter is wrong; the answer names it."
                },
            },
        )


_KIND = {
    "name": "kind",
    "in": "path",
    "required": True,
    "description": "Format of the answer.",
    "schema": {"type": "string", "enum": list(FORMATS)},
}
_TYPES = {"UInt8": "integer", "UInt64": "integer", "Decimal": "number"}


def _documented(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": _TYPES.get(parameter.type, "string")}
    if parameter.default is not None:
        schema["default"] = parameter.default
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    if parameter.repeatable:
        schema = {"type": "array", "items": schema}
    return {
        "name": parameter.name,
        "in": "query",
        "description": f"{parameter.description} Expected: {parameter.expected}.",
        "schema": schema,
    }


def _add_refusal(routes: APIRouter, path: str) -> None:
    async def refuse() -> Response:
        raise RefusedError(
            HTTPStatus.NOT_IMPLEMENTED, _NOT_SUPPORTED[path], _INSTEAD[path], documentation=_PIPES
        )

    for every in (path, f"{path}/{{rest:path}}"):
        routes.add_api_route(
            every,
            refuse,
            methods=["GET", "POST", "PUT", "DELETE"],
            include_in_schema=False,
        )


def _described(pipe: Pipe, request: Request) -> dict[str, Any]:
    return described(pipe, str(request.url_for("list_pipes")) + f"/{pipe.name}.json")


def _known(pipes: Mapping[str, Pipe], name: str) -> Pipe:
    try:
        return known_pipe(pipes, name)
    except UnknownPipeError as error:
        raise RefusedError(
            HTTPStatus.NOT_FOUND, error.message, error.hint, documentation=_PIPES
        ) from error


def _answer(
    services: Services,
    answering: Answering,
    pipe: Pipe,
    kind: str,
    given: Iterable[tuple[str, str]],
) -> Response:
    try:
        question = read_question(pipe, given, services.settings)
    except UnsupportedError as error:
        raise RefusedError(
            HTTPStatus.NOT_IMPLEMENTED, error.message, error.hint, documentation=_PIPES
        ) from error
    try:
        if kind == "parquet":
            return Response(as_parquet(answering.frame(pipe, question)), media_type=PARQUET)
        answer = answering.answer(pipe, question)
    except (RefusedError, PassingError):
        raise
    except UserError as error:  # the snapshot is of another version
        raise unavailable(error) from error
    write, media_type = WRITERS[kind]
    headers = {"X-LTV-As-Of": str(answer.as_of), "X-LTV-Snapshot": answer.snapshot}
    return Response(write(answer), headers=headers, media_type=media_type)


async def _body(request: Request) -> list[tuple[str, str]]:
    """The parameters in the body of a POST: a JSON object or a form.

    Raises:
        RefusedError: it is neither.
    """
    if request.method != "POST" or not (body := (await request.body()).strip()):
        return []
    try:
        if body.startswith(b"{"):
            return [
                (str(name), _text(name, one))
                for name, value in orjson.loads(body).items()
                for one in (value if isinstance(value, list) else [value])
            ]
        return parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise RefusedError(
            HTTPStatus.BAD_REQUEST,
            "The body is neither a JSON object nor a form.",
            'Send parameters as {"country": "US"} or as country=US.',
            documentation=_PIPES,
        ) from error


def _text(name: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case str() | int() | float():
            return str(value)
    raise RefusedError(
        HTTPStatus.BAD_REQUEST,
        f"{name[:60]!r} is not a text, a number or a list of these.",
        documentation=_PIPES,
    )
