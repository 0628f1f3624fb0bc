"""Charts of customers: cohorts by age, the RFM grid, the forecast; pure functions of rows."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from ltv_platform.reports.svg import (
    BLUE,
    INK,
    ORANGE,
    ROW,
    WIDTH,
    Chart,
    legend,
    shaded,
    small_svg,
    svg,
    text,
)

Number = int | float | Decimal
#: Name of a cohort, its size, and its figures by month of age; None: not known.
Cohort = tuple[str, int, Sequence[Number | None]]

#: Most cohorts (the newest) and months of age in a triangle.
_MOST_COHORTS, _MOST_AGES = 24, 13
#: The same for a small triangle, and its number of shades.
_FEW, _SHADES = 8, 4
_COHORT_WIDTH, _SIZE_WIDTH = 70, 60
#: RFM scores run from 1 to this.
_SCORES = 5
_FAN_HEIGHT, _FAN_LEFT, _FAN_WIDTH = 260, 90, 470


def cohort_triangle(cohorts: Sequence[Cohort]) -> Chart:
    """LTV per customer by cohort (rows) and month of age (columns).

    Args:
        cohorts: In chronological order, with the cumulative LTV per customer by month of age.
    """
    return _triangle(cohorts, lambda value: f"{value:,.2f}", from_age=0)


def retention_heatmap(cohorts: Sequence[Cohort]) -> Chart:
    """The share of each cohort that is active, by month of age.

    The first month does not count for the scale of shades: it would outshine all others.

    Args:
        cohorts: In chronological order, with the share by month since registration.
    """
    return _triangle(cohorts, lambda share: f"{100 * share:.0f} %", from_age=1)


def rfm_grid(cells: Mapping[tuple[int, int], tuple[str, int]]) -> Chart:
    """The number of customers by scores, with the segment of each cell.

    Args:
        cells: By (recency score, frequency score): segment and customers.
    """
    most = max((customers for _, customers in cells.values()), default=0) or 1
    total = sum(customers for _, customers in cells.values()) or 1
    width, height = (WIDTH - _COHORT_WIDTH) // _SCORES, 2 * ROW
    small, drawn = "", ""
    for recency in range(_SCORES, 0, -1):
        y = height * (_SCORES - recency) + ROW
        drawn += text(_COHORT_WIDTH - 8, y + ROW, f"recency {recency}", "end", 11)
        for frequency in range(1, _SCORES + 1):
            segment, customers = cells.get((recency, frequency), ("", 0))
            x = _COHORT_WIDTH + width * (frequency - 1)
            drawn += shaded(x, y, width - 2, height - 2, customers / most)
            middle = x + width // 2
            drawn += text(middle, y + 18, segment, "middle")
            share = f"{customers:,} ({100 * customers / total:.0f} %)"
            drawn += text(middle, y + 34, share, "middle", 11)
            size = round(10 * (customers / most) ** 0.5)
            small += f"M{12 * frequency - size // 2},{12 * (_SCORES + 1 - recency)}h{size}"
    heads = "".join(
        text(
            _COHORT_WIDTH + width * column + width // 2, 14, f"frequency {column + 1}", "middle", 11
        )
        for column in range(_SCORES)
    )
    # Bars of the small chart have the square root of the number as length.
    return Chart(
        small_svg(72, 72, f"<path d='{small}' stroke='{BLUE}' stroke-width='8'/>"),
        svg(WIDTH, ROW + height * _SCORES, heads + drawn),
    )


def forecast_fan(
    expected: Sequence[tuple[int, Number, Number, Number]],
    origins: Sequence[tuple[str, Number, Number]],
) -> Chart:
    """Expected revenue of all customers with its interval, and the accuracy of earlier forecasts.

    Args:
        expected: (days ahead, lower, expected, upper), ascending; begins before the first day.
        origins: (day of the forecast, predicted, actual) of the back-test, in chronological order.
    """
    points = [
        (0, 0.0, 0.0, 0.0),
        *[(d, float(lo), float(e), float(hi)) for d, lo, e, hi in expected],
    ]
    days = points[-1][0] or 1
    most = max(upper for *_, upper in points) or 1.0

    def path(values: Sequence[tuple[int, float]], width: float, height: float) -> str:
        return "L".join(
            f"{round(width * day / days)},{round(height * (1 - value / most))}"
            for day, value in values
        )

    def fan(width: float, height: float) -> str:
        there = path([(day, upper) for day, _, _, upper in points], width, height)
        back = path([(day, lower) for day, lower, _, _ in reversed(points)], width, height)
        middle = path([(day, value) for day, _, value, _ in points], width, height)
        return (
            f"<path d='M{there}L{back}Z' fill='{BLUE}' fill-opacity='.25'/>"
            f"<path d='M{middle}' fill='none' stroke='{BLUE}' stroke-width='2'/>"
        )

    labels = "".join(
        text(_FAN_LEFT + _FAN_WIDTH * day / days, _FAN_HEIGHT + 38, f"{day} d", "middle", 11)
        + text(
            _FAN_LEFT + _FAN_WIDTH * day / days - 6,
            _FAN_HEIGHT * (1 - value / most) + 10,
            f"{value:,.0f}",
            "end",
            11,
        )
        for day, _, value, _ in points[1:]
    )
    axis = (
        text(_FAN_LEFT - 8, 30, f"{most:,.0f}", "end", 11)
        + text(_FAN_LEFT - 8, _FAN_HEIGHT + 20, "0", "end", 11)
        + f"<path d='M{_FAN_LEFT},20v{_FAN_HEIGHT}h{_FAN_WIDTH}' fill='none' stroke='{INK}' "
        "stroke-opacity='.4'/>"
    )
    drawn = f"<g transform='translate({_FAN_LEFT},20)'>{fan(_FAN_WIDTH, _FAN_HEIGHT)}</g>"
    return Chart(
        small_svg(100, 40, fan(100, 40)),
        svg(WIDTH, _FAN_HEIGHT + 80, axis + drawn + labels + _origins(origins)),
    )


def _origins(origins: Sequence[tuple[str, Number, Number]]) -> str:
    """Earlier predictions and actual values, in the right part of the chart."""
    if not origins:
        return ""
    left, width = _FAN_LEFT + _FAN_WIDTH + 90, WIDTH - _FAN_LEFT - _FAN_WIDTH - 90
    most = max((float(value) for _, *values in origins for value in values), default=0) or 1.0
    drawn = text(left, 14, "back-test: predicted, actual", size=11)
    for number, (day, predicted, actual) in enumerate(origins):
        y = 24 + 3 * ROW * number
        error = f"{100 * (float(predicted) / float(actual) - 1):+.0f} %" if actual else "–"
        error = error.replace("-", "−")
        drawn += text(left, y + 12, f"{day}: {error}", size=11)
        for row, (value, color) in enumerate([(predicted, BLUE), (actual, ORANGE)]):
            length = round((width - 4) * float(value) / most, 1)
            drawn += (
                f"<rect x='{left}' y='{y + 18 + 12 * row}' width='{max(length, 0)}' height='9' "
                f"fill='{color}'/>"
            )
    below = (_FAN_HEIGHT + 50) // ROW
    return drawn + legend(below, [("predicted", BLUE), ("actual", ORANGE)])


def _triangle(cohorts: Sequence[Cohort], form: Callable[[Number], str], from_age: int) -> Chart:
    shown = cohorts[-_MOST_COHORTS:]
    ages = min(max((len(values) for _, _, values in shown), default=0), _MOST_AGES)
    most = max(
        (float(v) for _, _, values in shown for v in values[from_age:ages] if v is not None),
        default=0.0,
    )
    cell = (WIDTH - _COHORT_WIDTH - _SIZE_WIDTH) // max(ages, 1)
    left = _COHORT_WIDTH + _SIZE_WIDTH
    drawn = text(left - 8, 14, "customers", "end", 11) + "".join(
        text(left + cell * age + cell // 2, 14, f"month {age}", "middle", 10) for age in range(ages)
    )
    for row, (name, size, values) in enumerate(shown, start=1):
        y = ROW * row
        drawn += text(_COHORT_WIDTH - 8, y + 15, name, "end")
        drawn += text(left - 8, y + 15, f"{size:,}", "end", 11)
        for age, value in enumerate(values[:ages]):
            if value is None:
                continue
            x = left + cell * age
            drawn += shaded(x, y, cell - 2, ROW - 2, _share(value, most))
            drawn += text(x + cell // 2 - 1, y + 14, form(value), "middle", 11)
    return Chart(_small_triangle(shown[-_FEW:], most), svg(WIDTH, ROW * (len(shown) + 1), drawn))


def _small_triangle(cohorts: Sequence[Cohort], most: float) -> str:
    """Adjacent cells of equal shade are one stroke, which keeps the SVG short."""
    strokes = dict.fromkeys(range(_SHADES), "")
    for row, (_, _, values) in enumerate(cohorts):
        last: int | None = None
        for age, value in enumerate(values[:_FEW]):
            if value is None:
                last = None
                continue
            shade = min(int(_SHADES * _share(value, most)), _SHADES - 1)
            if shade == last:
                start, _, length = strokes[shade].rpartition("h")
                strokes[shade] = f"{start}h{int(length) + 8}"
            else:
                strokes[shade] += f"M{8 * age},{6 * row + 3}h8"
            last = shade
    drawn = "".join(
        f"<path d='{path}' stroke-opacity='.{2 * shade + 2}'/>"
        for shade, path in strokes.items()
        if path
    )
    return small_svg(8 * _FEW, 6 * _FEW, f"<g stroke='{BLUE}' stroke-width='5'>{drawn}</g>")


def _share(value: Number, most: float) -> float:
    return max(float(value), 0.0) / most if most > 0 else 0.0
