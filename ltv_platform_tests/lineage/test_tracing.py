"""What a column is computed from, for each form that a SELECT may take."""

import pytest
from sqlglot.errors import OptimizeError

from ltv_platform.contracts import Catalog, Column, Table
from ltv_platform.lineage.tracing import Trace, trace


def _table(name: str, *columns: str) -> Table:
    return Table(
        layer="core",
        name=name,
        description="One row per id.",
        key=("id",),
        columns=tuple(Column(column, "INTEGER", "A number.") for column in columns),
    )


CATALOG = Catalog((), (_table("a", "id", "x", "y", "z"), _table("b", "id", "x", "w")))


def _columns(sql: str) -> dict[str, list[str]]:
    return _texts(trace(sql, CATALOG))


def _texts(found: Trace) -> dict[str, list[str]]:
    return {
        name: [str(source).removeprefix("core.") for source in sources]
        for name, sources in found.columns.items()
    }


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT x, y + z AS sum, 1 AS one FROM core.a", {"x": "a.x", "sum": "a.y a.z", "one": ""}),
        ("SELECT CASE WHEN x > 0 THEN y END AS c FROM core.a", {"c": "a.x a.y"}),
        ("SELECT SUM(x) FILTER (WHERE y > 0) AS s FROM core.a WHERE z > 0", {"s": "a.x a.y"}),
        ("WITH c AS (SELECT x AS v FROM core.a) SELECT v * 2 AS w FROM c", {"w": "a.x"}),
        ("SELECT * FROM (SELECT id, y AS v FROM core.a) AS s", {"id": "a.id", "v": "a.y"}),
        ("SELECT a.*, b.w FROM core.a JOIN core.b ON a.id = b.id", {"w": "b.w", "y": "a.y"}),
        ("SELECT x FROM core.a UNION ALL SELECT w FROM core.b", {"x": "a.x b.w"}),
        # Later branches of a union have no names of their own, and go by place.
        (
            "SELECT x, y, z FROM core.a UNION ALL SELECT w, NULL, NULL FROM core.b "
            "UNION ALL SELECT id, id, x FROM core.b",
            {"x": "a.x b.id b.w", "y": "a.y b.id", "z": "a.z b.x"},
        ),
        ("SELECT ROW_NUMBER() OVER (PARTITION BY x ORDER BY y) AS r FROM core.a", {"r": "a.x a.y"}),
        ("SELECT SUM(z) OVER w AS s FROM core.a WINDOW w AS (ORDER BY y)", {"s": "a.y a.z"}),
        ("SELECT id, COALESCE(y, w) AS v FROM core.a JOIN core.b USING (id)", {"v": "a.y b.w"}),
        ("SELECT n FROM core.a, UNNEST(GENERATE_SERIES(0, x)) AS s(n)", {"n": "a.x"}),
        (
            "SELECT n FROM UNNEST(GENERATE_SERIES(0, (SELECT MAX(y) FROM core.a))) AS s(n)",
            {"n": "a.y"},
        ),
        (
            "SELECT x, l.v FROM core.a, LATERAL (SELECT b.w + a.y AS v FROM core.b) AS l",
            {"x": "a.x", "v": "a.y b.w"},
        ),
        (
            "SELECT (SELECT MAX(w) FROM core.b WHERE b.id = a.id) AS m FROM core.a",
            {"m": "a.id b.id b.w"},
        ),
        (
            "SELECT EXISTS (SELECT 1 FROM core.b WHERE b.id = a.x) AS e FROM core.a",
            {"e": "a.x b.id"},
        ),
        ("SELECT x IN (SELECT w FROM core.b) AS i FROM core.a", {"i": "a.x b.w"}),
        # A constant that is looked up comes of what it is looked up by.
        (
            "SELECT v.name FROM core.a LEFT JOIN (VALUES (1, 'one')) AS v(n, name) ON v.n = a.x",
            {"name": "a.x"},
        ),
        ("SELECT $as_of AS day, x FROM core.a", {"day": "$as_of", "x": "a.x"}),
    ],
)
def test_columns(sql: str, expected: dict[str, str]) -> None:
    """docs/lineage.md: a column is computed from every column in its expression."""
    found = _columns(sql)
    assert {name: " ".join(found[name]) for name in expected} == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT COUNT(*) AS n FROM core.a", "a.id"),
        ("SELECT COUNT(*) AS n FROM core.a WHERE y > 0 GROUP BY x", "a.id a.y"),
        # Rows of a GROUP BY or DISTINCT are told apart by what they were put together by.
        ("SELECT COUNT(*) AS n FROM (SELECT x FROM core.a WHERE y > 0 GROUP BY x) AS g", "a.x a.y"),
        ("SELECT COUNT(*) AS n FROM (SELECT DISTINCT x, z FROM core.a) AS d", "a.x a.z"),
        ("SELECT COUNT(*) AS n FROM core.a JOIN core.b ON a.id = b.id", "a.id b.id"),
        # What is looked up adds no row.
        ("SELECT COUNT(*) AS n FROM core.a LEFT JOIN core.b ON a.id = b.id", "a.id"),
        (
            "SELECT COUNT(*) AS n FROM (SELECT x FROM core.a UNION ALL SELECT w FROM core.b) AS u",
            "a.id b.id",
        ),
        ("SELECT COUNT(*) AS n FROM (SELECT MAX(x) AS m FROM core.a) AS one", ""),
    ],
)
def test_counts_of_rows(sql: str, expected: str) -> None:
    """docs/lineage.md: a count depends on what separates rows, and on what selects them."""
    assert " ".join(_columns(sql)["n"]) == expected


def test_rows_are_what_filters_joins_and_groups_go_by() -> None:
    """docs/lineage.md, *Rows*: of all parts of the statement; days of a run decide nothing."""
    sql = """
        WITH c AS (SELECT id, x FROM core.a WHERE z > 0 AND y >= $start AND y <= $as_of)
        SELECT c.x, COUNT(*) AS n
        FROM c JOIN core.b ON b.id = c.id
        GROUP BY c.x
        HAVING MAX(b.w) > 0
    """
    rows = [str(source) for source in trace(sql, CATALOG).rows]
    assert rows == [
        "$as_of",
        "core.a.id",
        "core.a.x",
        "core.a.y",
        "core.a.z",
        "core.b.id",
        "core.b.w",
    ]
    cut = trace("SELECT x FROM core.a WHERE y >= $start AND y <= $end", CATALOG)
    assert cut.rows == ()


def test_a_column_that_is_none_is_an_error() -> None:
    """A slip in SQL must not pass for a constant."""
    with pytest.raises(OptimizeError, match="nothing"):
        trace("SELECT nothing FROM core.a", CATALOG)
