"""The routes of the catalogue: metrics, and questions to them."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from ltv_platform.metrics import CannotAnswer, Grain, Metric, Question, catalogue, query
from ltv_platform.metrics.records import CELL, described, exact, records
from ltv_platform.serving.access import require
from ltv_platform.serving.errors import RefusedError
from ltv_platform.serving.services import Services

_SECTION = "/docs#get-v0-metrics"
#: Parameters that are not filters.
_OTHERS = ("by", "grain", "from", "to", "last", "as_of", "token")


def router(services: Services) -> APIRouter:
    """The routes under ``/v0/metrics``."""
    routes = APIRouter(tags=["metrics"])
    settings = services.settings

    @routes.get("/v0/metrics")
    async def list_metrics(request: Request) -> Response:
        """All metrics: unit, definition, dimensions, and what makes them immature."""
        require(request, "READ:metrics")
        return _json({"metrics": [described(metric) for metric in catalogue(settings).values()]})

    @routes.get(
        "/v0/metrics/{name}.{kind}",
        response_class=JSONResponse,
        responses={
            HTTPStatus.NOT_FOUND.value: {"description": "There is no such metric."},
            HTTPStatus.UNPROCESSABLE_ENTITY.value: {
                "description": "The data cannot answer it; says why, and what it can answer."
            },
        },
    )
    def ask_metric(  # noqa: PLR0917 - FastAPI calls it by name
        request: Request,
        name: str,
        kind: str,
        by: Annotated[list[str], Query(description="Dimensions to group by; repeatable.")] = [],  # noqa: B006 - of FastAPI
        grain: Annotated[Grain | None, Query(description="Periods to group days by.")] = None,
        start: Annotated[date | None, Query(alias="from", description="First day.")] = None,
        end: Annotated[date | None, Query(alias="to", description="Last day, included.")] = None,
        last: Annotated[str, Query(description="Newest periods instead, as in 12w.")] = "",
        as_of: Annotated[date | None, Query(description="Day that the data must end on.")] = None,
    ) -> Response:
        """A metric by dimensions and periods, with the state of each value.

        Each dimension of the metric is also a parameter that filters by it, and may be repeated.
        The answer has the definition, the statement, and notes; formats are json and csv.
        """
        require(request, f"READ:{name}", "READ:metrics")
        metric = _metric(catalogue(settings), name)
        if kind not in ("json", "csv"):
            raise RefusedError(
                HTTPStatus.NOT_FOUND,
                f"{name} has no format {kind[:20]}.",
                "Formats are .json and .csv.",
                documentation=_SECTION,
            )
        where = _filters(metric, request.query_params.multi_items())
        groups = tuple(dict.fromkeys(one for each in by for one in each.split(",")))
        question = Question((name,), groups, where, grain, start, end, last, as_of)
        try:
            with services.reading() as reading:
                answer = query(settings, reading, question)
        except CannotAnswer as error:
            return _cannot_answer(error)
        rows = list(records(answer, metric))
        if kind == "csv":
            return _csv([*(["period"] if grain else []), *groups, *CELL], rows)
        return _json(
            {
                **described(metric),
                "data": rows,
                "rows": len(rows),
                "as_of": answer.as_of,
                "snapshot": answer.snapshot,
                "notes": list(answer.notes),
                "backtests": list(answer.backtests.get(name, ())),
                "sql": answer.sql,
                "parameters": dict(answer.parameters),
            }
        )

    return routes


def _cannot_answer(error: CannotAnswer) -> Response:
    content = {
        "error": f"{error.reason} {error.nearest}".strip(),
        "reason": error.reason,
        "nearest": error.nearest,
        "documentation": _SECTION,
    }
    return JSONResponse(content, HTTPStatus.UNPROCESSABLE_ENTITY)


def _metric(metrics: Mapping[str, Metric], name: str) -> Metric:
    if name in metrics:
        return metrics[name]
    raise RefusedError(
        HTTPStatus.NOT_FOUND,
        f"There is no metric {name[:60]!r}.",
        "GET /v0/metrics lists them.",
        documentation=_SECTION,
    )


def _filters(metric: Metric, given: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    """The parameters that are dimensions.

    Raises:
        RefusedError: 400, if one is neither a dimension nor known.
    """
    filters: dict[str, tuple[str, ...]] = {}
    for name, value in given:
        if name in metric.dimensions:
            filters[name] = (*filters.get(name, ()), value.strip())
        elif name not in _OTHERS:
            valid = ", ".join((*metric.dimensions, *_OTHERS[:-1]))
            raise RefusedError(
                HTTPStatus.BAD_REQUEST,
                f"{metric.name} has no parameter {name[:60]!r}.",
                f"Valid parameters are {valid}.",
                documentation=_SECTION,
            )
    return filters


def _json(content: Any) -> Response:
    def fragment(value: Any) -> Any:
        return orjson.Fragment(exact(value))

    return Response(orjson.dumps(content, default=fragment), media_type="application/json")


def _csv(columns: list[str], rows: Iterable[Mapping[str, Any]]) -> Response:
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return Response(file.getvalue(), media_type="text/csv; charset=utf-8")
