"""Values as an agent reads them: data quoted, numbers by unit, states in words."""

import json
from datetime import date
from decimal import Decimal

from ltv_platform.metrics import Cell, Metric, State, Unit
from ltv_platform.metrics.answer import Number

#: Longest text from data that is shown whole; names are shorter, and longer ones fill an answer.
_LONGEST = 200


def quoted(value: object) -> str:
    """A text from data as a JSON string, with invisible characters made visible.

    So it cannot look like a sentence of ours, whatever it says.
    """
    text = shortened(str(value))
    shown = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escaped(char) for char in shown)


def shortened(text: str) -> str:
    """A text of bounded length."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1]


def number_text(value: Number, unit: Unit, currency: str) -> str:
    """A number as people write it; structured answers have all digits."""
    match unit:
        case Unit.MONEY:
            return f"{value:,.2f} {currency}"
        case Unit.SHARE:
            return f"{float(value):.2%}"
        case Unit.RATIO:
            return f"{float(value):,.4f}"
        case Unit.DAYS if isinstance(value, int):
            return f"{value:,} days"
        case Unit.DAYS:
            return f"{float(value):,.1f} days"
        case _ if isinstance(value, int):
            return f"{value:,}"
        case _:
            return f"{float(value):,.2f}"


def part_text(value: Number) -> str:
    """A numerator or denominator, of whatever unit."""
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}" if isinstance(value, Decimal) else f"{value:,.4f}"


def cell_text(metric: Metric, cell: Cell, currency: str) -> str:
    """A value with its state in words, its interval and its parts."""
    if cell.value is None:
        return _no_value(metric, cell)
    shown = [number_text(cell.value, metric.unit, currency), state_words(metric, cell)]
    if cell.lower is not None and cell.upper is not None:
        ends = (number_text(end, metric.unit, currency) for end in (cell.lower, cell.upper))
        shown.append("80 % interval " + " to ".join(ends))
    if cell.numerator is not None and cell.denominator is not None:
        shown.append(f"= {part_text(cell.numerator)} / {part_text(cell.denominator)}")
    return "; ".join(shown)


def _no_value(metric: Metric, cell: Cell) -> str:
    if cell.state is State.IMMATURE:
        return f"no value: NOT KNOWN YET (immature: {metric.immature})"
    return f"no value: {state_words(metric, cell)}"


def state_words(metric: Metric, cell: Cell) -> str:
    """What the state of a value means, in words."""
    match cell.state:
        case State.OBSERVED:
            return "OBSERVED, final"
        case State.PARTIAL:
            # What it covers, or why it can still change if it covers all there is.
            return f"PARTIAL, not final{_covers(metric, cell) or f': {metric.immature}'}"
        case State.PREDICTED:
            return f"PREDICTED, contains a forecast{_covers(metric, cell)}"
        case State.IMMATURE:
            return f"NOT KNOWN YET: {metric.immature}"
        case _:
            return "nothing to divide by" if metric.denominator else "no rows"


def _covers(metric: Metric, cell: Cell) -> str:
    if cell.coverage is None or cell.coverage >= 1:
        return ""
    until = f", days up to {_day(cell.known_until)}" if cell.known_until else ""
    return f": covers {cell.coverage:.1%} of {base_of(metric)}{until}"


def _day(day: date) -> str:
    return day.isoformat()


def base_of(metric: Metric) -> str:
    """What the coverage of a metric is a share of."""
    base = metric.base or ""
    if "spend" in base:
        return "the spend"
    if "installs" in base:
        return "the installs"
    return "the customers" if base or "customers" in metric.relation.name else "the rows"
