"""Charts of channels and journeys as SVG: a small one for a line of text, a full one to read.

Pure functions of rows. Colours are of middle brightness and nothing has a background, so that a
chart is legible on light and on dark pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

Number = int | float | Decimal

_INK = "#777"
_BLUE = "#4c8dd6"
_ORANGE = "#e08a3c"
#: More channels make a chart that nobody reads; the rest stands in the tables.
_MOST_CHANNELS = 16
#: The small charts say what matters in so many bars.
_FEW = 8
#: Longer journeys share the last bar.
LONGEST_SHOWN = 12
_NAME_WIDTH = 190
_LONGEST_NAME = 28
_ROW = 22
_WIDTH = 860


@dataclass(frozen=True)
class Chart:
    """One chart in two sizes, both SVG.

    Attributes:
        small: Some hundred characters, without words.
        full: With names, figures and a legend.
    """

    small: str
    full: str


def journey_lengths(lengths: Sequence[tuple[int, int]]) -> Chart:
    """How many journeys have how many sessions.

    Args:
        lengths: (sessions, journeys), ascending; longer ones than :data:`LONGEST_SHOWN` are
            put together.
    """
    counts = dict.fromkeys(range(1, LONGEST_SHOWN + 1), 0)
    for sessions, journeys in lengths:
        counts[min(sessions, LONGEST_SHOWN)] += journeys
    most, total = max(*counts.values(), 1), sum(counts.values()) or 1
    small = "".join(
        f"M{8 * sessions - 4},30v-{round(28 * journeys / most)}"
        for sessions, journeys in counts.items()
    )
    rows = []
    for sessions, journeys in counts.items():
        name = f"{sessions} or more" if sessions == LONGEST_SHOWN else str(sessions)
        unit = "session" if sessions == 1 else "sessions"
        rows.append(
            _named(sessions - 1, f"{name} {unit}")
            + _bar(sessions - 1, 6, journeys / most, _BLUE, 12)
            + _figure(
                sessions - 1, journeys / most, f"{journeys:,} ({100 * journeys / total:.0f} %)"
            )
        )
    return Chart(
        _svg(100, 32, f"<path d='{small}' stroke='{_BLUE}' stroke-width='6'/>"),
        _svg(_WIDTH, _ROW * len(counts), "".join(rows)),
    )


def cost_and_revenue(channels: Sequence[tuple[str, Number, Number]]) -> Chart:
    """What channels cost, and what is credited to them.

    Args:
        channels: (channel, cost, credited revenue) in one currency, most important first.
    """
    shown = channels[:_MOST_CHANNELS]
    most = max((float(value) for _, *values in shown for value in values), default=0) or 1.0
    costs, revenues, rows = "", "", ""
    for place, (name, cost, revenue) in enumerate(shown):
        spent, earned = float(cost) / most, float(revenue) / most
        if place < _FEW:
            costs += f"M0,{6 * place + 2}h{round(98 * spent)}"
            revenues += f"M0,{6 * place + 4}h{round(98 * earned)}"
        rows += _named(place, name)
        rows += _bar(place, 3, spent, _ORANGE, 7) + _bar(place, 11, earned, _BLUE, 7)
        rows += _figure(place, max(spent, earned), f"{cost:,.0f} → {revenue:,.0f}")
    legend = _legend(len(shown), [("cost", _ORANGE), ("credited revenue", _BLUE)])
    small = f"<path d='{costs}' stroke='{_ORANGE}'/><path d='{revenues}' stroke='{_BLUE}'/>"
    return Chart(
        _svg(100, 6 * _FEW + 2, f"<g stroke-width='2'>{small}</g>"),
        _svg(_WIDTH, _ROW * (len(shown) + 1), rows + legend),
    )


def models_by_channel(
    models: Sequence[str], channels: Sequence[tuple[str, Sequence[Number], float | None]]
) -> Chart:
    """What each model credits to each channel, darker where it is more of the conversions.

    Args:
        models: Their names, in the order of the credits.
        channels: (channel, conversions by model, disagreement), most important first.
    """
    shown = channels[:_MOST_CHANNELS]
    most = max((float(value) for _, values, _ in shown for value in values), default=0) or 1.0
    cell = (_WIDTH - _NAME_WIDTH) // (len(models) + 1)
    ranges, dots, rows = "", "", ""
    for place, (name, values, disagreement) in enumerate(shown):
        y = _ROW * (place + 1)
        if place < _FEW:
            low, high = (round(98 * float(value) / most) for value in (min(values), max(values)))
            ranges += f"M{low},{6 * place + 3}h{max(high - low, 1)}"
            dots += f"M{round(98 * float(values[-1]) / most)},{6 * place + 1}v4"
        rows += _named(place + 1, name)
        for column, value in enumerate(values):
            x = _NAME_WIDTH + cell * column
            rows += (
                f"<rect x='{x}' y='{y}' width='{cell - 2}' height='{_ROW - 2}' fill='{_BLUE}' "
                f"fill-opacity='{0.03 + 0.3 * float(value) / most:.2f}'/>"
                + _text(x + cell // 2 - 1, y + 14, f"{value:,.1f}", "middle")
            )
        spread = "–" if disagreement is None else f"{100 * disagreement:.0f} %"
        rows += _text(_WIDTH - 4, y + 14, spread, "end")
    heads = "".join(
        _text(_NAME_WIDTH + cell * column + cell // 2 - 1, 12, model.replace("_", " "), "middle", 9)
        for column, model in enumerate(models)
    ) + _text(_WIDTH - 4, 12, "disagreement", "end", 9)
    small = (
        f"<path d='{ranges}' stroke='{_INK}'/><path d='{dots}' stroke='{_BLUE}' stroke-width='2'/>"
    )
    return Chart(_svg(100, 6 * _FEW, small), _svg(_WIDTH, _ROW * (len(shown) + 1), heads + rows))


def _svg(width: int, height: int, content: str) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
        f"viewBox='0 0 {width} {height}'>{content}</svg>"
    )


def _bar(place: int, top: int, share: float, colour: str, height: int) -> str:
    width = round((_WIDTH - _NAME_WIDTH - 170) * share, 1)
    return (
        f"<rect x='{_NAME_WIDTH}' y='{_ROW * place + top}' width='{width}' height='{height}' "
        f"fill='{colour}'/>"
    )


def _named(place: int, name: str) -> str:
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return _text(_NAME_WIDTH - 8, _ROW * place + 15, short, "end")


def _figure(place: int, share: float, text: str) -> str:
    return _text(
        round(_NAME_WIDTH + (_WIDTH - _NAME_WIDTH - 170) * share + 6), _ROW * place + 15, text
    )


def _legend(place: int, entries: Sequence[tuple[str, str]]) -> str:
    drawn, x = "", _NAME_WIDTH
    for name, colour in entries:
        y = _ROW * place
        drawn += f"<rect x='{x}' y='{y + 6}' width='10' height='10' fill='{colour}'/>"
        drawn += _text(x + 14, y + 15, name)
        x += 20 + 8 * len(name)
    return drawn


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 12) -> str:
    return (
        f"<text x='{x}' y='{y}' text-anchor='{anchor}' font-size='{size}' "
        f"font-family='sans-serif' fill='{_INK}'>{escape(_one_line(text))}</text>"
    )


def _one_line(text: str) -> str:
    """XML forbids most control characters, whatever a channel is called."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
