"""Charts of the values of any metric: bars by dimension, a line by period."""

from collections.abc import Callable, Sequence

from ltv_platform.reports.svg import (
    BLUE,
    INK,
    ORANGE,
    ROW,
    WIDTH,
    bar,
    figure,
    named,
    svg,
    text,
)

#: More bars are unreadable; the table has all of them.
_MOST_BARS = 16
_HEIGHT, _LEFT, _RIGHT, _TOP = 240, 90, 20, 16
#: Most labels below a line.
_MOST_LABELS = 8


def bars_of_values(values: Sequence[tuple[str, float]], form: Callable[[float], str]) -> str:
    """Values by name as an SVG, the greatest first; negative ones are orange.

    Args:
        values: (name, value).
        form: Writes a value.
    """
    shown = sorted(values, key=lambda each: (-each[1], each[0]))[:_MOST_BARS]
    most = max((abs(value) for _, value in shown), default=0.0) or 1.0
    rows = ""
    for number, (name, value) in enumerate(shown):
        share = abs(value) / most
        rows += named(number, name) + figure(number, share, form(value))
        rows += bar(number, 5, share, BLUE if value >= 0 else ORANGE, 12)
    return svg(WIDTH, ROW * max(len(shown), 1), rows)


def line_of_periods(
    points: Sequence[tuple[str, float | None]], form: Callable[[float], str]
) -> str:
    """Values by period as an SVG: a line, interrupted where there is none, on a scale with 0.

    Args:
        points: (period, value), in chronological order.
        form: Writes a value.
    """
    known = [value for _, value in points if value is not None]
    highest, lowest = max(0.0, *known), min(0.0, *known)
    span = (highest - lowest) or 1.0
    steps = max(len(points) - 1, 1)

    width = WIDTH - _LEFT - _RIGHT
    line, is_down = "", False
    for number, (_, value) in enumerate(points):
        if value is not None:
            x = round(_LEFT + width * number / steps)
            y = round(_TOP + _HEIGHT * (highest - value) / span)
            # A single point is a short stroke.
            line += f"L{x},{y}" if is_down else f"M{x},{y}h1"
        is_down = value is not None
    every = -(-len(points) // _MOST_LABELS)
    labels = "".join(
        text(_LEFT + width * number / steps, _TOP + _HEIGHT + 18, name, "middle", 11)
        for number, (name, _) in enumerate(points)
        if number % every == 0
    )
    zero = _TOP + _HEIGHT * highest / span
    axis = (
        f"<path d='M{_LEFT},{round(zero)}h{width}' stroke='{INK}' stroke-opacity='.4'/>"
        + text(_LEFT - 8, _TOP + 4, form(highest), "end", 11)
        + text(_LEFT - 8, _TOP + _HEIGHT + 4, form(lowest), "end", 11)
    )
    return svg(
        WIDTH,
        _TOP + _HEIGHT + 30,
        f"{axis}{labels}<path d='{line}' fill='none' stroke='{BLUE}' stroke-width='2'/>",
    )


def band_of_periods(points: Sequence[tuple[str, float, float, float]]) -> str:
    """A ratio by period with its interval, as an SVG with a line at 1.

    Args:
        points: (period, lower, value, upper), in chronological order.
    """
    highest = max(1.0, *(upper for *_, upper in points)) if points else 1.0
    lowest = min(0.0, *(lower for _, lower, *_ in points)) if points else 0.0
    width = WIDTH - _LEFT - _RIGHT
    step = width / max(len(points), 1)

    def y(value: float) -> float:
        return round(_TOP + _HEIGHT * (highest - value) / (highest - lowest), 1)

    every = -(-len(points) // _MOST_LABELS) or 1
    drawn = ""
    for number, (name, lower, value, upper) in enumerate(points):
        x = round(_LEFT + step * (number + 0.5), 1)
        drawn += (
            f"<path d='M{x},{y(lower)}V{y(upper)}' stroke='{BLUE}' stroke-width='6' "
            f"stroke-opacity='.3'/><circle cx='{x}' cy='{y(value)}' r='3' fill='{BLUE}'/>"
        )
        if number % every == 0:
            drawn += text(x, _TOP + _HEIGHT + 18, name, "middle", 11)
    for value in sorted({0.0, 1.0, highest}):
        dashes = " stroke-dasharray='3 3'" if value == 1 else ""
        drawn += (
            f"<path d='M{_LEFT},{y(value)}h{width}' stroke='{INK}' stroke-opacity='.4'{dashes}/>"
            + text(_LEFT - 8, y(value) + 4, f"{value:.2f}", "end", 11)
        )
    return svg(WIDTH, _TOP + _HEIGHT + 30, drawn)
