"""How values are written on pages: numbers, and figures of the catalogue with their state."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from markupsafe import Markup, escape

from ltv_platform.metrics import Cell, Metric, State, Unit

Number = int | float | Decimal
DASH = "–"
#: Share of spend or customers below which a figure does not represent the whole (metrics.md
#: section 2).
FIRM_SHARE = 0.8

_PREDICTED = ("≈", "predicted")
_THIN = ("◐", "covers less than 80 % of the whole")
_WORDS: Mapping[State, str] = MappingProxyType(
    {State.IMMATURE: "not mature", State.NO_DENOMINATOR: "nothing to divide by"}
)


def amount(value: Number) -> str:
    """Two decimals, thousands separators, a real minus sign: −1,234.50; for money and ratios."""
    text = f"{abs(value):,.2f}"
    return text if value >= 0 or not text.strip("0.,") else f"−{text}"


def count(value: Number) -> str:
    """Whole, with thousands separators and a real minus sign: 12,345."""
    return f"{value:,.0f}".replace("-", "−")


def percent(value: Number, decimals: int = 0) -> str:
    """A share as a percentage: 0.42 is 42 %."""
    return f"{100 * value:.{decimals}f} %".replace("-", "−")


def change(value: Number | None, before: Number | None) -> str:
    """The change from a previous value as a percentage with its sign: +12 %; a dash if unknown."""
    if value is None or not before:
        return DASH
    share = (float(value) - float(before)) / abs(float(before))
    return f"{100 * share:+.0f} %".replace("-", "−").replace("+0 %", "±0 %").replace("−0 %", "±0 %")


def is_thin(cell: Cell) -> bool:
    """Whether a figure covers too little to represent the whole: less than 80 % of it."""
    known = cell.value is not None and cell.coverage is not None
    return known and (cell.coverage or 0.0) < FIRM_SHARE


def figure(cell: Cell, metric: Metric, form: Callable[[Number], str] | None = None) -> Markup:
    """A figure with its exact value for programs, and a mark and words for its state.

    Args:
        cell: The figure.
        metric: What it is.
        form: Writes the value; default: by the unit of the metric.

    Returns:
        ``<data value="0.4184" data-metric="roas_d7" data-state="observed">0.42</data>``; without a
        value, ``value`` is empty and a dash is shown.
    """
    mark, words = "", ""
    if cell.state is State.PREDICTED:
        mark, words = _PREDICTED
    elif is_thin(cell):
        mark, words = _THIN
    elif cell.value is None:
        words = _WORDS.get(cell.state, "not known")
    if cell.value is None:
        shown = Markup('<span aria-hidden="true">{}</span>').format(DASH)
    else:
        shown = escape((form or form_of(metric))(cell.value))
    if mark:
        shown += Markup('<span class="mark" aria-hidden="true">{}</span>').format(mark)
    if words:
        shown += Markup('<span class="unseen"> {}</span>').format(words)
    exact = "" if cell.value is None else str(cell.value)
    return Markup('<data value="{}" data-metric="{}" data-state="{}">{}</data>').format(
        exact, metric.name, cell.state.value, shown
    )


def form_of(metric: Metric) -> Callable[[Number], str]:
    """How a value of a metric is written, by its unit."""
    return _FORMS[metric.unit]


_FORMS: Mapping[Unit, Callable[[Number], str]] = MappingProxyType(
    {
        Unit.MONEY: amount,
        Unit.RATIO: amount,
        Unit.COUNT: count,
        Unit.SHARE: percent,
        Unit.DAYS: count,
    }
)
