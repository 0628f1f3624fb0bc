"""The lint of SQL detects what it is made for."""

import pytest

from ltv_platform_tests.sql_lint import in_statement, in_text


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT a AS b FROM t", None),
        ("SELECT a FROM t WHERE day <= $end", None),
        ("SELECT a FROM t ORDER BY a DESC NULLS LAST", None),
        ("SELECT a FROM", "is not one statement"),
        ("SELECT 1 AS a; SELECT 2 AS b", "is not one statement"),
        ("select a FROM t", "select is a keyword"),
        ("SELECT a FROM t WHERE a and b", "and is a keyword"),
        ("SELECT sum(a) AS a FROM t", "sum() is a function"),
        ("SELECT * FROM t", "name the columns"),
        ("SELECT a + 1 FROM t", "has no name"),
        ("SELECT a b FROM t", "behind AS"),
        ("SELECT a FROM t, u", "joined by a comma"),
        ("SELECT a FROM t JOIN u ON t.b = c", "c in the condition of a join"),
        ("SELECT a FROM t ORDER BY 1", "is by position"),
        ("WITH w AS (SELECT 1 AS a) SELECT a FROM t", "nobody reads the CTE w"),
    ],
)
def test_the_lint_finds_faults_in_statements(sql: str, found: str | None) -> None:
    """One thing each; the first three are as they should be."""
    said = list(in_statement("queries/x.sql", sql))
    assert len(said) == (found is not None), said
    assert found is None or found in said[0]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("core/a.sql", "-- Grain: one row.\n-- Answers: what?\nSELECT 1 AS a\n", None),
        ("core/a.sql", "-- Grain: one row.\nSELECT 1 AS a\n", "`-- Answers: …`"),
        ("core/a.presentation.sql", "SELECT 1 AS a\n", "`-- Published: …`"),
        ("macros/a.sql", "-- Grain: one row.\n", "{#- comment -#}"),
        ("macros/a.sql", "{#- All. -#}\n" + "x" * 111 + "\n", "2: 111 columns"),
        ("macros/a.sql", "{#- All. -#} \n", "1: a tab, or a blank"),
        ("macros/a.sql", "{#- All. -#}", "1: end the file"),
    ],
)
def test_the_lint_finds_faults_in_files(name: str, text: str, found: str | None) -> None:
    """Headers, lines and ends of files."""
    said = list(in_text(name, text))
    assert len(said) == (found is not None), said
    assert found is None or found in said[0]
