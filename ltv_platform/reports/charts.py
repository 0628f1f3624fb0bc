"""Charts of channels and journeys: pure functions of rows."""

from collections.abc import Sequence
from decimal import Decimal

from ltv_platform.reports.svg import (
    BLUE,
    INK,
    NAME_WIDTH,
    ORANGE,
    ROW,
    WIDTH,
    Chart,
    bar,
    figure,
    legend,
    named,
    shaded,
    small_svg,
    svg,
    text,
)

Number = int | float | Decimal

#: A chart of more channels is unreadable; the tables have all of them.
_MOST_CHANNELS = 16
#: Most bars in a small chart.
_FEW = 8
#: Longer journeys share the last bar.
LONGEST_SHOWN = 12


def journey_lengths(lengths: Sequence[tuple[int, int]]) -> Chart:
    """The number of journeys by number of sessions.

    Args:
        lengths: (sessions, journeys), ascending; those longer than :data:`LONGEST_SHOWN` are
            combined.
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
            named(sessions - 1, f"{name} {unit}")
            + bar(sessions - 1, 6, journeys / most, BLUE, 12)
            + figure(
                sessions - 1, journeys / most, f"{journeys:,} ({100 * journeys / total:.0f} %)"
            )
        )
    return Chart(
        small_svg(100, 32, f"<path d='{small}' stroke='{BLUE}' stroke-width='6'/>"),
        svg(WIDTH, ROW * len(counts), "".join(rows)),
    )


def cost_and_revenue(channels: Sequence[tuple[str, Number, Number]]) -> Chart:
    """Costs of channels, and the revenue credited to them.

    Args:
        channels: (channel, cost, credited revenue) in one currency, most important first.
    """
    shown = channels[:_MOST_CHANNELS]
    most = max((float(value) for _, *values in shown for value in values), default=0) or 1.0
    costs, revenues, rows = "", "", ""
    for row, (name, cost, revenue) in enumerate(shown):
        spent, earned = float(cost) / most, float(revenue) / most
        if row < _FEW:
            costs += f"M0,{6 * row + 2}h{round(98 * spent)}"
            revenues += f"M0,{6 * row + 4}h{round(98 * earned)}"
        rows += named(row, name)
        rows += bar(row, 3, spent, ORANGE, 7) + bar(row, 11, earned, BLUE, 7)
        rows += figure(row, max(spent, earned), f"{cost:,.0f} → {revenue:,.0f}")
    meaning = legend(len(shown), [("cost", ORANGE), ("credited revenue", BLUE)])
    small = f"<path d='{costs}' stroke='{ORANGE}'/><path d='{revenues}' stroke='{BLUE}'/>"
    return Chart(
        small_svg(100, 6 * min(len(shown), _FEW) + 2, f"<g stroke-width='2'>{small}</g>"),
        svg(WIDTH, ROW * (len(shown) + 1), rows + meaning),
    )


def models_by_channel(
    models: Sequence[str], channels: Sequence[tuple[str, Sequence[Number], float | None]]
) -> Chart:
    """Credit of each model for each channel; darker cells have a greater share of the conversions.

    Args:
        models: Their names, in the order of the credits.
        channels: (channel, conversions by model, disagreement), most important first.
    """
    shown = channels[:_MOST_CHANNELS]
    most = max((float(value) for _, values, _ in shown for value in values), default=0) or 1.0
    cell = (WIDTH - NAME_WIDTH) // (len(models) + 1)
    ranges, dots, rows = "", "", ""
    for row, (name, values, disagreement) in enumerate(shown):
        y = ROW * (row + 1)
        if row < _FEW:
            low, high = (round(98 * float(value) / most) for value in (min(values), max(values)))
            ranges += f"M{low},{6 * row + 3}h{max(high - low, 1)}"
            dots += f"M{round(98 * float(values[-1]) / most)},{6 * row + 1}v4"
        rows += named(row + 1, name)
        for column, value in enumerate(values):
            x = NAME_WIDTH + cell * column
            rows += shaded(x, y, cell - 2, ROW - 2, float(value) / most)
            rows += text(x + cell // 2 - 1, y + 14, f"{value:,.1f}", "middle")
        spread = "–" if disagreement is None else f"{100 * disagreement:.0f} %"
        rows += text(WIDTH - 4, y + 14, spread, "end")
    heads = "".join(
        text(NAME_WIDTH + cell * column + cell // 2 - 1, 12, model.replace("_", " "), "middle", 9)
        for column, model in enumerate(models)
    ) + text(WIDTH - 4, 12, "disagreement", "end", 9)
    small = (
        f"<path d='{ranges}' stroke='{INK}'/><path d='{dots}' stroke='{BLUE}' stroke-width='2'/>"
    )
    return Chart(small_svg(100, 6 * _FEW, small), svg(WIDTH, ROW * (len(shown) + 1), heads + rows))


def new_and_returning(periods: Sequence[tuple[str, Number, Number]]) -> Chart:
    """Revenue by period: what new customers bought, and on top of it what others bought.

    Args:
        periods: (name, new revenue, returning revenue), in chronological order.
    """
    most = max((float(new) + float(old) for _, new, old in periods), default=0) or 1.0
    width = 4
    small_new, small_old, rows = "", "", ""
    for number, (name, new, returning) in enumerate(periods):
        lower, upper = (round(38 * float(value) / most) for value in (new, returning))
        x = width * number + width // 2
        small_new += f"M{x},40v-{lower}"
        small_old += f"M{x},{40 - lower}v-{upper}"
        share, total = float(new) / most, (float(new) + float(returning)) / most
        rows += named(number, name)
        rows += bar(number, 4, total, BLUE, 14) + bar(number, 4, share, ORANGE, 14)
        rows += figure(number, total, f"{new:,.0f} + {returning:,.0f}")
    meaning = legend(len(periods), [("new customers", ORANGE), ("returning", BLUE)])
    small = f"<path d='{small_new}' stroke='{ORANGE}'/><path d='{small_old}' stroke='{BLUE}'/>"
    return Chart(
        small_svg(width * max(len(periods), 1), 40, f"<g stroke-width='3'>{small}</g>"),
        svg(WIDTH, ROW * (len(periods) + 1), rows + meaning),
    )
