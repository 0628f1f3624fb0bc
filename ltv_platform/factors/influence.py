"""The table of factors, made from counted levels and patterns: Arrow in, Arrow out."""

from typing import TYPE_CHECKING, Any

from ltv_platform.contracts.arrow import arrow_table
from ltv_platform.contracts.factors import LTV_INFLUENCING_FACTORS
from ltv_platform.factors.model import (
    Choice,
    Counted,
    Key,
    LevelCount,
    Verdict,
    choose_levels,
    judge,
    too_few,
)
from ltv_platform.factors.shrinkage import adjusted_p_values, shrunk_means
from ltv_platform.parameters.factors import ALL, FACTORS, OUTCOMES

if TYPE_CHECKING:
    import pyarrow as pa

#: Expected share of false positives among the significant levels.
_FALSE_DISCOVERY_RATE = 0.05
_OUTCOME = Verdict(
    "raw_only", "An outcome, and no cause: customers are active because they buy, not the reverse."
)


def influencing_factors(sums: "pa.Table") -> "pa.Table":
    """One row per level of each factor, and one for all customers.

    Args:
        sums: Rows of ``sql/customers/ltv_influencing_factors.sql``, in any order: counts and sums
            of each level (``factor``, ``level``), of all customers, and of each pattern of levels
            (``factor`` NULL, a level per factor).

    Returns:
        The columns of ``marts.ltv_influencing_factors``; no rows if no customer is known.
    """
    import pyarrow.compute as pc  # noqa: PLC0415 - definitions are loaded without it

    counted = sums.filter(pc.is_valid(sums["factor"])).select(
        [name for name in sums.column_names if name not in (*FACTORS, *OUTCOMES)]
    )
    rows = sorted(counted.to_pylist(), key=_order)
    finished: list[dict[str, Any]] = []
    if rows and rows[0]["known_customers"]:
        patterns = sums.filter(pc.is_null(sums["factor"]))
        finished = _finished(rows, _verdicts(rows, patterns))
    names = [column.name for column in LTV_INFLUENCING_FACTORS.columns]
    return arrow_table(LTV_INFLUENCING_FACTORS, ([row[name] for name in names] for row in finished))


def _order(row: dict[str, Any]) -> tuple[int, str]:
    """All customers first, then the factors in their order, then the levels by name."""
    return (ALL, *FACTORS, *OUTCOMES).index(row["factor"]), row["level"]


def _verdicts(rows: list[dict[str, Any]], patterns: "pa.Table") -> dict[Key, Verdict]:
    """The verdict on each level, and on the model in the row of all customers."""
    everyone = rows[0]
    counts = {
        (row["factor"], row["level"]): LevelCount(row["customers"], row["payers"])
        for row in rows
        if row["factor"] in FACTORS
    }
    choice = choose_levels(FACTORS, counts, everyone["min_customers"])
    customers, payers = everyone["customers"], everyone["payers"]
    verdicts: dict[Key, Verdict] = dict.fromkeys(counts, Verdict("ok"))
    if verdict := too_few(customers, payers, choice.coefficients):
        verdicts = dict.fromkeys(counts, verdict)
    else:
        verdict = Verdict("ok")
        judged = _judge(choice, patterns) if choice.own else {}
        verdicts = {**choice.verdicts, **judged}
        # The row of all customers also has the verdict on the whole model.
        whole = {each.status: each for each in judged.values()}
        if len(whole) == 1:
            [verdict] = whole.values()
    outcomes = {(row["factor"], row["level"]): _OUTCOME for row in rows[1:]}
    said = Verdict(verdict.status, verdict.reason)
    return {**outcomes, **verdicts, (ALL, ALL): said}


def _judge(choice: Choice, patterns: "pa.Table") -> dict[Key, Verdict]:
    """Levels as numbers; patterns that are equal in them become one.

    Patterns are sorted first, so that no sum depends on the order of the rows.
    """
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    codes = {}
    pattern = np.zeros(patterns.num_rows, dtype=np.int64)
    for factor, names in choice.own.items():
        found = pc.index_in(patterns[factor].cast(pa.string()), value_set=pa.array(names))
        codes[factor] = pc.fill_null(found, len(names)).to_numpy().astype(np.int64)
        # Eleven factors of 31 levels make numbers below 2^55.
        pattern = pattern * (len(names) + 1) + codes[factor]
    counts = [
        patterns[name].to_numpy().astype(np.float64)
        for name in ("customers", "payers", "revenue", "squares")
    ]
    order = np.lexsort((*counts, pattern))
    first = np.flatnonzero(np.diff(pattern[order], prepend=-1))
    customers, payers, revenue, squares = (np.add.reduceat(count[order], first) for count in counts)
    codes = {factor: numbers[order][first] for factor, numbers in codes.items()}
    return judge(choice, Counted(codes, customers, payers, revenue, squares))


def _finished(rows: list[dict[str, Any]], verdicts: dict[Key, Verdict]) -> list[dict[str, Any]]:
    """The rows with averages, shrunk averages, and figures of the model."""
    shrunk: dict[Key, float] = {}
    for factor in (ALL, *FACTORS, *OUTCOMES):
        levels = [row for row in rows if row["factor"] == factor and row["customers"]]
        means = shrunk_means(
            [row["customers"] for row in levels],
            [float(row["revenue"]) for row in levels],
            [row["squares"] for row in levels],
            fewest=rows[0]["min_customers"],
        )
        shrunk |= {(factor, row["level"]): mean for row, mean in zip(levels, means, strict=True)}
    tested = [key for key, verdict in verdicts.items() if verdict.p_value is not None]
    adjusted = dict(
        zip(
            tested, adjusted_p_values([verdicts[key].p_value or 0.0 for key in tested]), strict=True
        )
    )
    finished = []
    for row in rows:
        key = row["factor"], row["level"]
        verdict, mean, chance = verdicts[key], shrunk.get(key), adjusted.get(key)
        overall = shrunk.get((ALL, ALL))
        numbers = {
            "avg_ltv": _ratio(float(row["revenue"] or 0), row["customers"]),
            "avg_transactions": _ratio(row["transactions"], row["customers"]),
            "shrunk_avg_ltv": mean,
            "lift": None if mean is None else _ratio(mean, overall),
            "multiplier": verdict.multiplier,
            "multiplier_lower": verdict.lower,
            "multiplier_upper": verdict.upper,
            "p_value": verdict.p_value,
            "p_value_adjusted": chance,
        }
        finished.append(
            {
                **row,
                **numbers,
                "significant": None if chance is None else chance <= _FALSE_DISCOVERY_RATE,
                "status": verdict.status,
                "reason": verdict.reason,
            }
        )
    return finished


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    return None if numerator is None or not denominator else numerator / denominator
