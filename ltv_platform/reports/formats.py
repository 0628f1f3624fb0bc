"""How values are written on pages: numbers, and figures of the catalogue with their state."""

from collections.abc import Callable
from decimal import Decimal
from types import MappingProxyType
from typing import Protocol

from markupsafe import Markup, escape

Number = int | float | Decimal
DASH = "–"

#: What a reader is told about a figure that is not simply observed: its mark, and words for it.
STATES = MappingProxyType(
    {
        "partial": ("◐", "based on less than 80 % of the spend or customers"),
        "predicted": ("≈", "predicted"),
        "immature": (DASH, "not mature"),
        "no_denominator": (DASH, "nothing to divide by"),
    }
)


class Cell(Protocol):
    """A figure of the catalogue: its value, None if there is none, and the state it is in."""

    @property
    def value(self) -> Number | None:
        """The figure; None if it is not mature or has no denominator."""

    @property
    def state(self) -> str:
        """observed, partial, predicted, immature or no_denominator."""


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


def figure(cell: Cell, metric: str, form: Callable[[Number], str] = amount) -> Markup:
    """A figure with its exact value for programs, and a mark and words for its state.

    Args:
        cell: The figure.
        metric: Its name in the catalogue.
        form: Writes the value.

    Returns:
        ``<data value="0.4184" data-metric="roas_d7" data-state="observed">0.42</data>``; without a
        value, ``value`` is empty and a dash is shown.
    """
    mark, words = STATES.get(cell.state, ("", ""))
    exact = "" if cell.value is None else str(cell.value)
    if cell.value is None:
        shown = Markup('<span aria-hidden="true">{}</span>').format(DASH)
    else:
        shown = escape(form(cell.value))
        if mark:
            shown += Markup('<span class="mark" aria-hidden="true">{}</span>').format(mark)
    if words:
        shown += Markup('<span class="unseen"> {}</span>').format(words)
    return Markup('<data value="{}" data-metric="{}" data-state="{}">{}</data>').format(
        exact, metric, cell.state, shown
    )
