"""Asset descriptions in Markdown: what a table is, its grain, how it is made.

All of it is generated from the contract, the wiring, the header of the SELECT, and the checks, so
it cannot contradict them.
"""

import re

from ltv_platform.checks import table_checks
from ltv_platform.contracts import Column
from ltv_platform.lineage.model import Source, TableLineage
from ltv_platform.tables.transforms import Transform, Window

_SENTENCE = re.compile(r"(?<=[.?]) +")
#: Descriptions of the parameters that a published day depends on until it is settled.
_SETTLING = {
    "as_of": "as_of",
    "revenue_watermark": "the watermark of revenue",
    "conversion_watermark": "the watermark of conversions",
}
_COST = "cost_watermark"
#: Most source columns in a column's description.
_MOST_SOURCES = 6


def asset_description(transform: Transform) -> str:
    """The description of a derived table: grain, question, how it is made, its SELECT last."""
    contract = transform.contract
    facts = [
        f"**Key**: {', '.join(f'`{name}`' for name in contract.key)}.",
        f"**Written**: {_written(transform)}",
        f"**Reads**: {_reads(transform)}.",
        *_made(transform),
        *_as_of(transform),
        f"**Checked by**: {_checks(transform)}.",
        *_backtest(transform),
    ]
    listed = "\n".join(f"- {fact}" for fact in facts)
    return f"{contract.description}\n\n{listed}\n\n```sql\n{transform.sql.strip()}\n```"


def column_description(column: Column, lineage: TableLineage | None) -> str:
    """The meaning of a published column, and what it is computed from.

    Args:
        column: The column.
        lineage: The lineage of its table; None: unknown, so it is left out.

    Returns:
        The description; it names columns of the same table by plain name, others by full name.
    """
    if lineage is None:
        return column.description
    shown = lineage.published.get(column.name, (Source(lineage.table, column.name),))
    if shown == (Source(lineage.table, column.name),) and column.name in lineage.by_model:
        return f"{column.description} Computed by the model from {_listed(list(lineage.inputs))}."
    named = []
    for source in shown:
        if source == (lineage.table, column.name):
            named += [str(stored) for stored in lineage.columns[column.name] if stored.table]
        elif source.table:
            named.append(source.column if source.table == lineage.table else str(source))
    if not named:
        return column.description
    more = len(named) - _MOST_SOURCES
    words = ", ".join(named) if more <= 0 else ", ".join(named[:_MOST_SOURCES]) + f", {more} more"
    return f"{column.description} Computed from {words}."


def _written(transform: Transform) -> str:
    partition = transform.contract.partition
    if partition is not None:
        return (
            f"one partition per `{partition}`, rewritten when a day it reads, its SQL or one of "
            "its settings changes."
        )
    return (
        "as a whole, rewritten when an input, its SQL or one of its settings changes, or when "
        "as_of or a watermark moves."
    )


def _reads(transform: Transform) -> str:
    return ", ".join(
        f"`{name}`{_days(transform.window(name)) if _is_cut(transform, name) else ''}"
        for name in transform.inputs
    )


def _is_cut(transform: Transform, table: str) -> bool:
    """Whether a day of the table reads only some days of an input."""
    read = transform.catalog[table]
    parts = (transform.contract.partition, read.partition)
    return None not in parts and read.layer != "raw"


def _days(window: Window) -> str:
    """The days of an input that a day reads."""
    before, after = (
        None if days == 0 else f"all days {side} it" if days is None else _count(days, side)
        for days, side in ((window.before, "before"), (window.after, "after"))
    )
    return f" ({' and '.join(['the day', *filter(None, (before, after))])})"


def _count(days: int, side: str) -> str:
    return f"the day {side} it" if days == 1 else f"the {days} days {side} it"


def _made(transform: Transform) -> list[str]:
    """How the table is made, from the header of its SELECT."""
    opening = []
    for line in transform.sql.strip().splitlines():
        if not line.startswith("--"):
            break
        opening.append(line.removeprefix("--").strip())
    grain, _, answers = " ".join(opening).removeprefix("Grain: ").partition("Answers: ")
    first, *beyond = _SENTENCE.split(grain.strip())
    after = [sentence for sentence in _SENTENCE.split(answers) if not sentence.endswith("?")]
    # The SELECT of a fit returns the model's input, not the rows of the table.
    fitted = [f"the SELECT returns {first}"] if transform.derivation.fit is not None else []
    words = " ".join((*fitted, *beyond, *after))
    return [f"**Made**: {words}"] if words else []


def _as_of(transform: Transform) -> list[str]:
    """The time-dependent inputs of published rows."""
    text = "\n".join(transform.presentations.values())
    used = [name for name in (*_SETTLING, _COST) if re.search(rf"\${name}\b", text)]
    if not used:
        return []
    settles = transform.derivation.settles
    settling = _listed([_SETTLING[name] for name in used if name in _SETTLING])
    if settling and settles is not None:
        settling += f" (up to {settles} days after a day)"
    cost = ["the watermark of costs"] if _COST in used else []
    on = _listed([*filter(None, [settling]), *cost])
    decide = "decides" if len(used) == 1 else "decide"
    return [f"**As of**: stored as sums; on publishing, {on} {decide} what is mature."]


def _checks(transform: Transform) -> str:
    checks = [
        f"`{check.name}`{' (blocks)' if check.blocking else ''}"
        for check in table_checks(transform.settings)
        if check.table == transform.name
    ]
    return ", ".join(["`unique_key` (blocks)", *checks])


def _backtest(transform: Transform) -> list[str]:
    backtest = transform.derivation.backtest
    return [f"**Back-test**: `{backtest}`."] if backtest not in ("", transform.name) else []


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
