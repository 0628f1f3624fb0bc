"""Parameters: SQL, script and formulas in each of them; numbers and dates beyond all limits."""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from ltv_platform.metrics import catalogue
from ltv_platform.pipes.declared import all_pipes
from ltv_platform.reports.dashboard import pages
from ltv_platform.reports.shell import FIRST
from ltv_platform.settings import load_settings
from ltv_platform_tests.serving.hostile.inputs.model import Hostile, Verdict, encoded, get

#: Filters of pages whose values are any text.
_TEXTS = ("campaign", "country", "model")
_FILTERS = ("from", "to", *_TEXTS, "grain", "target", "sort", "cohorts")

#: One of so many pages of metrics is asked.
_SOME = 5

_NUMBERS = (
    "-1",
    "-9223372036854775809",
    "18446744073709551616",
    "9" * 400,
    "1e309",
    "1e2",
    "NaN",
    "Infinity",
    "-inf",
    "0x10",
    "1_000",
    "１０",
    "1.5",
    "1;2",
    "null",
    "[]",
    "+",
)
_DATES = (
    "0000-00-00",
    "0000-01-01",
    "99999-01-01",
    "2026-02-30",
    "2026-13-01",
    "2025-02-29",
    "-2026-01-01",
    "2026-01-01T25:61:61",
    "2026-01-01 00:00:00+99:99",
    "2026-W01-1",
    "20260101",
    "1e10",
    "now()",
    "infinity",
    "epoch",
    "２０２６-01-01",
)


def _sql(canary: Path) -> tuple[str, ...]:
    secret = canary / "secret.csv"
    return (
        "' OR '1'='1",
        "x' OR 1=1 --",
        "'; DROP TABLE customer_ltv; --",
        f"' UNION SELECT * FROM read_csv('{secret}') --",
        f"'; COPY (SELECT 1) TO '{canary / 'made.csv'}'; --",
        f"'; ATTACH '{canary / 'made.db'}' AS a; --",
        "'; INSTALL httpfs; LOAD httpfs; --",
        "'; SET enable_external_access = true; --",
        f"') IN (SELECT content FROM read_text('{secret}')) --",
        "$country",
        "\\'; SELECT 1; --",
        "''''''''",
        '"; PRAGMA database_list; --',
        "1 OR 1=1",
        "%' OR country LIKE '%",
        "{{ 7 * 7 }}{% include 'report.css' %}",
        "${7*7}#{7*7}",
        "1/0",
    )


_SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</script><script>alert(1)</script>",
    "javascript:alert(1)",
    '" autofocus onfocus="alert(1)',
    "</style><script>alert(1)</script>",
    "</title><iframe src=javascript:alert(1)>",
    "<!--<script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    '=HYPERLINK("http://evil.example","x")',
    "\u202ereversed\u202c",
)


def of_pipes(canary: Path) -> Iterator[Hostile]:
    """SQL in every parameter of every pipe, and values of the wrong kind in each that has one."""
    sql, numbers, dates = cycle(_sql(canary)), cycle(_NUMBERS), cycle(_DATES)
    formats = cycle(("json", "csv", "ndjson", "parquet"))
    for pipe in all_pipes(load_settings()).values():
        for parameter in pipe.all_parameters:
            address = f"/v0/pipes/{pipe.name}.{next(formats)}?{parameter.name}="
            is_text = parameter.type == "String" and not parameter.choices
            verdict = Verdict.EMPTY if is_text else Verdict.REFUSED
            text = next(sql)
            yield get(address + encoded(text), f"{pipe.name}.{parameter.name}: {text}", verdict)
            if parameter.type == "String":
                continue
            odd = next(dates if parameter.type in ("Date", "DateTime") else numbers)
            yield get(address + encoded(odd), f"{pipe.name}.{parameter.name}: {odd[:40]}")


def of_metrics(canary: Path) -> Iterator[Hostile]:
    """SQL in a dimension of every metric, and in whatever else it can be asked."""
    sql, dates, formats = cycle(_sql(canary)), cycle(_DATES), cycle(("json", "csv"))
    for metric in catalogue(load_settings()).values():
        address = f"/v0/metrics/{metric.name}.{next(formats)}?"
        text = encoded(next(sql))
        for dimension in [*metric.dimensions][:1]:
            yield get(f"{address}{dimension}={text}", f"{metric.name}.{dimension}")
        yield get(f"{address}by={text}", f"{metric.name} by SQL")
    for odd in (*_sql(canary), *_NUMBERS):
        text, shown = encoded(odd), odd[:60]
        yield get(f"/v0/metrics/roas_d30.json?grain={text}", f"grain {shown}")
        yield get(f"/v0/metrics/roas_d30.json?last={text}", f"last {shown}")
        yield get(f"/v0/metrics/roas_d30.json?{text}=1", f"a dimension called {shown}")
        yield get(f"/v0/metrics/roas_d30.json?from={encoded(next(dates))}&by={text}", f"by {shown}")
    for odd in _DATES:
        yield get(f"/v0/metrics/roas_d30.json?to={encoded(odd)}", f"to {odd}", Verdict.ALLOWED)
        yield get(f"/v0/metrics/roas_d30.json?as_of={encoded(odd)}", f"as of {odd}")
    many = "&".join(f"by=d{number}" for number in range(800))
    yield get(f"/v0/metrics/roas_d30.json?{many}", "800 dimensions")


def of_limits() -> Iterator[Hostile]:
    """Every number as a limit and an offset; every date as a start and an end."""
    for odd in (*_NUMBERS, "0", "10001"):
        yield get(f"/v0/pipes/customer_ltv.json?limit={encoded(odd)}", f"limit {odd[:40]}")
        if odd not in ("0", "10001"):
            yield get(f"/v0/pipes/customer_ltv.json?offset={encoded(odd)}", f"offset {odd[:40]}")
    for odd in _DATES:
        yield get(f"/v0/pipes/customer_ltv.json?start_date={encoded(odd)}", f"start_date {odd}")
        yield get(f"/v0/pipes/campaign_roas.csv?end_date={encoded(odd)}", f"end_date {odd}")
    for odd in ("10" * 9, "1" + "0" * 17):
        yield get(
            f"/v0/pipes/customer_ltv.json?offset={odd}", f"offset {odd}", verdict=Verdict.EMPTY
        )


def of_shapes() -> Iterator[Hostile]:
    """Many parameters, repeated ones, long ones, nameless ones."""
    many = "&".join(f"p{number}=1" for number in range(10_000))
    pipe = "/v0/pipes/customer_ltv.json"
    yield get(f"{pipe}?{many}", "10,000 parameters")
    yield get(f"/campaigns?{many}", "10,000 parameters of a page")
    yield get(f"{pipe}?" + "limit=1&" * 900, "a parameter 900 times")
    yield get(f"{pipe}?limit=1&limit=2", "limit twice")
    yield get(f"{pipe}?start_date=2026-01-01&start_date=2026-02-01", "start_date twice")
    yield get(f"{pipe}?" + "&" * 7_000, "only separators", Verdict.ALLOWED)
    yield get(f"{pipe}?=1", "a parameter without a name")
    yield get(f"{pipe}?limit", "a parameter without a value")
    yield get(f"{pipe}?limit=", "an empty limit")
    yield get(f"{pipe}?limit[]=1&limit[$gt]=0", "parameters as objects")
    yield get(f"{pipe}?country[0]=US", "parameters as lists")
    yield get(f"{pipe}?__proto__=1", "a parameter called __proto__")
    yield get(f"{pipe}?self=1", "a parameter called self")
    yield get(f"{pipe}?country=" + "A" * 7_000, "a long value")
    yield get(f"{pipe}?" + "a" * 7_000 + "=1", "a long name")
    yield get(f"{pipe}?q=SELECT%201", "SQL as q")
    yield get("/v0/sql?q=SELECT%20*%20FROM%20customer_ltv", "SQL as a query")
    yield get(f"{pipe}?country=US;limit=1", "a semicolon as separator", Verdict.EMPTY)


def of_pages(canary: Path) -> Iterator[Hostile]:
    """SQL and scripts in every filter of every page, numbers and dates in those that are such.

    Pages of metrics are many and alike, so some of them get one of all these.
    """
    sql, scripts = cycle(_sql(canary)), cycle(_SCRIPTS)
    both, filters = cycle((sql, scripts)), cycle(_FILTERS)
    known = list(pages(load_settings()))
    of_metrics = [name for name in known if "/" in name]
    for name in [name for name in known if name not in of_metrics] + of_metrics[::_SOME]:
        path = "/" if name == FIRST else f"/{name}"
        is_one_of_many = name in of_metrics
        for one in (next(filters),) if is_one_of_many else _FILTERS:
            verdict = Verdict.PAGE if one in (*_TEXTS, "sort") else Verdict.REFUSED
            for texts in (next(both),) if is_one_of_many else (sql, scripts):
                text = next(texts)
                yield get(f"{path}?{one}={encoded(text)}", f"{name}.{one}: {text}", verdict)
        if is_one_of_many:
            continue
        text = next(scripts)
        yield get(f"{path}?{encoded(text)}=1", f"{name}: a filter called {text}")
        yield get(f"/{name}.csv?table={encoded(text)}", f"{name}.csv: {text}")
    for text in _SCRIPTS:
        yield get(f"/{encoded(text)}", f"a page called {text}")
        yield get(f"/sign-in?to={encoded(text)}", f"signing in leads to {text}", Verdict.ALLOWED)
    for odd in ("nan", "inf", "-1", "0", "1e99", "9" * 200, "1001"):
        yield get(f"/campaigns?target={odd}", f"target {odd[:40]}")
    for odd in _DATES:
        # Dates are read as ISO 8601 writes them.
        verdict = Verdict.PAGE if odd in ("2026-W01-1", "20260101") else Verdict.REFUSED
        yield get(f"/campaigns?from={encoded(odd)}", f"from {odd}", verdict)
    yield get("/campaigns?from=2026-02-01&to=2026-01-01", "from after to")
    yield get("/campaigns?from=0001-01-01&to=9999-12-31&grain=day", "8,000 years", Verdict.PAGE)
