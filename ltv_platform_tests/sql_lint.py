"""``python -m ltv_platform_tests.sql_lint``: checks how SQL is written, in its rendered form.

sqlfluff finds the same in a minute, does not know ``$parameters``, and wants indents that a macro
cannot give, for it does not know where it is used. sqlglot, which the platform parses SQL with,
takes seconds. Every statement is rendered under settings that take other branches, too.
"""

import re
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from ltv_platform.parameters.attribution import MODELS
from ltv_platform.reports.pages import CONSTANTS
from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render

_FOLDER = Path(str(files("ltv_platform") / "sql"))
_MACROS = "macros/"
_LONGEST_LINE = 110
#: What checks and queries are asked with beside the settings.
_ARGUMENTS = {
    **CONSTANTS,
    "schema": "",
    "shown_horizons": (7, 30),
    "unit": "month",
    "last_day": 90,
    "models_in_order": MODELS,
    "days": 7,
    "all_campaigns": True,
    "has_outlook": True,
    "campaign": "(all)",
}
_RULE = {"direction": "any_session", "redistribution_channel_labels": ["Direct"]}
_SETTINGS: tuple[dict[str, object], ...] = (
    {},
    {
        "timezone": "America/Havana",
        "window": "calendar",
        "start_date": "2020-01-01",
        "missing_words": ["none"],
        "journey_lookback": None,
        "journey_boundary": "before",
        "journey_break": True,
        "ihc_redistribution": {"initializer": _RULE, "holder": _RULE, "closer": _RULE},
    },
)
#: Keywords, never names; compared as tokens, so that texts and quoted names do not count.
_KEYWORD = re.compile(
    "ALL|AND|AS|BETWEEN|BY|CASE|CAST|CROSS|DISTINCT|ELSE|END|EXISTS|FILTER|FROM|FULL|GROUP|HAVING|"
    "IN|IS|JOIN|LEFT|LIMIT|NOT|NULL|ON|OR|ORDER|OVER|PARTITION|QUALIFY|SELECT|THEN|UNION|USING|"
    "VALUES|WHEN|WHERE|WINDOW|WITH",
    re.IGNORECASE,
)
#: Statements that may give all columns of what they read, and why.
_MAY_GIVE_ALL = {
    "core/waiting_for_customer.presentation.sql": "rows as they are stored, of some days",
    "queries/reports/campaigns/campaign_view.sql": "campaign_summary, with more columns",
    "queries/reports/campaigns/campaigns.sql": "the page names what it shows of the view",
    "queries/reports/campaigns/detailed_cohorts.sql": "as many columns as horizons",
    "queries/reports/campaigns/outlook.sql": "as many columns as horizons of forecasts",
}


def findings() -> Iterator[str]:
    """What is not written as it should be: file, line where it is known, what."""
    for path in sorted(_FOLDER.rglob("*.sql")):
        name = path.relative_to(_FOLDER).as_posix()
        yield from (f"{name}:{found}" for found in in_text(name, path.read_text("utf-8")))
        if name.startswith(_MACROS):
            continue
        seen: set[str] = set()
        for values in _SETTINGS:
            settings = Settings.model_validate({"home": Path("/nonexistent/home"), **values})
            seen.update(in_statement(name, render(name, settings, **_ARGUMENTS)))
        yield from (f"{name}: {found}" for found in sorted(seen))


def in_text(name: str, text: str) -> Iterator[str]:
    """What is wrong with a file as people read it.

    Args:
        name: Its path in the folder ``sql/``.
        text: The template.
    """
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if len(line) > _LONGEST_LINE:
            yield f"{number}: {len(line)} columns; break it after {_LONGEST_LINE} at the latest"
        if line != line.rstrip() or "\t" in line:
            yield f"{number}: a tab, or a blank at the end of the line"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield f"{len(lines)}: end the file with one line end"
    head = lines[: next((i for i, line in enumerate(lines) if not line.startswith("--")), None)]
    if name.startswith(_MACROS):
        if not text.startswith("{#-"):
            yield "1: open with a {#- comment -#} that says what the macros are for"
    elif ".presentation." in name:
        if not text.startswith("-- Published: "):
            yield "1: open with `-- Published: …`"
    elif not text.startswith("-- Grain: ") or not any(x.startswith("-- Answers: ") for x in head):
        yield "1: open with `-- Grain: …` and `-- Answers: …`"


def in_statement(name: str, sql: str) -> Iterator[str]:
    """What is wrong with a statement.

    Args:
        name: Path of its template in the folder ``sql/``.
        sql: The rendered text.
    """
    try:
        tokens = sqlglot.tokenize(sql, read="duckdb")
        [statement] = [each for each in sqlglot.parse(sql, dialect="duckdb") if each is not None]
    except (SqlglotError, ValueError) as error:
        yield f"is not one statement of DuckDB's SQL: {str(error).splitlines()[0]}"
        return
    yield from _in_tokens(tokens)
    query = statement.find(exp.Query)
    final = query.selects if query is not None else []
    if name not in _MAY_GIVE_ALL and any(isinstance(each, exp.Star) for each in final):
        yield "SELECT * gives whatever is there: name the columns"
    for each in final:
        if not each.alias_or_name and not isinstance(each, exp.Star):
            yield f"{each.sql('duckdb')[:60]} has no name: add AS"
    for join in statement.find_all(exp.Join):
        yield from _in_join(join)
    for order in statement.find_all(exp.Ordered):
        if isinstance(order.this, exp.Literal):
            yield f"ORDER BY {order.this} is by position: name the column"
    read = {table.name for table in statement.find_all(exp.Table) if not table.db}
    for cte in statement.find_all(exp.CTE):
        if cte.alias not in read:
            yield f"nobody reads the CTE {cte.alias}"


def _in_tokens(tokens: list[Token]) -> Iterator[str]:
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            continue
        is_name = before is not None and before.token_type in (TokenType.DOT, TokenType.PARAMETER)
        if _KEYWORD.fullmatch(token.text) and not token.text.isupper() and not is_name:
            yield f"{token.text} is a keyword: in capitals"
        is_called = after is not None and after.token_type is TokenType.L_PAREN
        names = before is not None and before.token_type is TokenType.ALIAS
        if is_called and not names and token.text.isidentifier() and not token.text.isupper():
            yield f"{token.text}() is a function: in capitals"
        if (
            before is not None
            and before.token_type is TokenType.VAR
            and token.token_type is TokenType.VAR
            and not token.text.isupper()  # as in UNBOUNDED PRECEDING
        ):
            yield f"{before.text} {token.text}: a name for a column or table goes behind AS"


def _in_join(join: exp.Join) -> Iterator[str]:
    if not (join.args.get("on") or join.args.get("using") or join.kind):
        yield f"{join.this.sql('duckdb')[:60]} is joined by a comma: say JOIN … ON, or CROSS JOIN"
    for column in (join.args.get("on") or exp.true()).find_all(exp.Column):
        if not column.table and not column.find_ancestor(exp.Subquery, exp.Exists):
            yield f"{column.name} in the condition of a join: say of which table"


def main() -> int:
    """Print what was found; 1 where anything was."""
    found = list(findings())
    sys.stderr.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
