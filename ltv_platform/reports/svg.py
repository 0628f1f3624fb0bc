"""Draws charts as SVG, in colors that are legible on light and dark pages.

A chart has two sizes: a small one without text, to show inline, and a full one. Names come from
files, so they are escaped and cut here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

INK = "#777"
BLUE = "#4c8dd6"
ORANGE = "#e08a3c"
NAME_WIDTH = 190
LONGEST_NAME = 28
ROW = 22
WIDTH = 860
#: Scale of small charts: shown size / drawn size.
_SCALE = 3
#: Space for the number after the longest bar.
_FIGURE_WIDTH = 170


@dataclass(frozen=True)
class Chart:
    """One chart in two sizes, both SVG.

    Attributes:
        small: A few hundred characters, without text.
        full: With names, numbers and a legend.
    """

    small: str
    full: str


def svg(width: int, height: int, content: str) -> str:
    """An SVG of that size."""
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
        f"viewBox='0 0 {width} {height}'>{content}</svg>"
    )


def small_svg(width: int, height: int, content: str) -> str:
    """An inline SVG, with short coordinates, scaled up for display."""
    drawn = svg(width, height, content)
    size = f"width='{width}' height='{height}'"
    return drawn.replace(size, f"width='{_SCALE * width}' height='{_SCALE * height}'", 1)


def bar(row: int, top: int, share: float, color: str, height: int) -> str:
    """A bar in the given row; its length is its share of the longest."""
    width = round((WIDTH - NAME_WIDTH - _FIGURE_WIDTH) * share, 1)
    return (
        f"<rect x='{NAME_WIDTH}' y='{ROW * row + top}' width='{width}' height='{height}' "
        f"fill='{color}'/>"
    )


def named(row: int, name: str) -> str:
    """The name in front of a row."""
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return text(NAME_WIDTH - 8, ROW * row + 15, short, "end")


def figure(row: int, share: float, label: str) -> str:
    """The number after a bar."""
    x = round(NAME_WIDTH + (WIDTH - NAME_WIDTH - _FIGURE_WIDTH) * share + 6)
    return text(x, ROW * row + 15, label)


def legend(row: int, entries: Sequence[tuple[str, str]]) -> str:
    """A legend of colors in the given row."""
    drawn, x = "", NAME_WIDTH
    for name, color in entries:
        y = ROW * row
        drawn += f"<rect x='{x}' y='{y + 6}' width='10' height='10' fill='{color}'/>"
        drawn += text(x + 14, y + 15, name)
        x += 20 + 8 * len(name)
    return drawn


def text(x: float, y: float, words: str, anchor: str = "start", size: int = 12) -> str:
    """A line of escaped text."""
    return (
        f"<text x='{x}' y='{y}' text-anchor='{anchor}' font-size='{size}' "
        f"font-family='sans-serif' fill='{INK}'>{escape(_one_line(words))}</text>"
    )


def shaded(x: float, y: float, width: float, height: float, share: float) -> str:
    """A cell; the larger its share of the greatest, the darker."""
    return (
        f"<rect x='{x}' y='{y}' width='{width}' height='{height}' fill='{BLUE}' "
        f"fill-opacity='{0.04 + 0.3 * min(max(share, 0), 1):.2f}'/>"
    )


def _one_line(words: str) -> str:
    """Text in one line without control characters, most of which XML forbids."""
    return "".join(sign if sign.isprintable() else " " for sign in words)
