"""Charts of customers: their texts, their size, unusual names."""

from decimal import Decimal
from urllib.parse import quote
from xml.etree import ElementTree

from ltv_platform.reports.customer_charts import (
    cohort_triangle,
    forecast_fan,
    retention_heatmap,
    rfm_grid,
)

#: Under it Dagster shows Markdown in line; images in it are quoted and stand in some more signs.
INLINE = 1000 - len("![](data:image/svg+xml,)")

_HOSTILE = ["a'b\"c", "line\nbreak", "</svg>", "\x00\x07", "😀" * 40, ")](x"]


def _words(drawing: str) -> list[str]:
    return [node.text for node in ElementTree.fromstring(drawing).iter() if node.text]


def test_a_triangle_leaves_out_what_is_not_known() -> None:
    """Immature values have no cell, and are not 0 either."""
    full = cohort_triangle(
        [("2024-01", 20, [Decimal("1.5"), Decimal("2.25")]), ("2024-02", 4, [0, None])]
    ).full
    assert _words(full) == [
        *["customers", "month 0", "month 1"],
        *["2024-01", "20", "1.50", "2.25"],
        *["2024-02", "4", "0.00"],
    ]


def test_retention_is_shown_as_percent() -> None:
    """The shades of later months are of the greatest of them, not of the first month's 100 %."""
    full = retention_heatmap([("2024-01", 10, [1.0, 0.25, 0.5])]).full
    assert _words(full)[-3:] == ["100 %", "25 %", "50 %"]
    shades = [
        cell.get("fill-opacity")
        for cell in ElementTree.fromstring(full).iter()
        if cell.get("fill-opacity")
    ]
    assert shades == ["0.34", "0.19", "0.34"]


def test_every_cell_of_the_grid_is_there() -> None:
    """Cells without customers too; the best recency is on top."""
    full = rfm_grid({(5, 5): ("Champions", 3), (1, 1): ("Hibernating", 1)}).full
    words = _words(full)
    assert words.count("0 (0 %)") == 23
    assert words.index("recency 5") < words.index("Champions") < words.index("recency 1")
    assert "3 (75 %)" in words
    assert "1 (25 %)" in words


def test_the_fan_shows_how_near_earlier_forecasts_came() -> None:
    """Errors are relative to the actual total; without one there is none."""
    full = forecast_fan(
        [(30, 80, 100, 130), (90, 200, 290, 400)], [("2024-03-01", 90, 100), ("2024-06-01", 5, 0)]
    ).full
    words = _words(full)
    assert "2024-03-01: −10 %" in words
    assert "2024-06-01: –" in words
    assert [word for word in words if word in ("100", "290")] == ["100", "290"]
    assert "actual" in words
    assert "actual" not in _words(forecast_fan([(30, 80, 100, 130)], []).full)


def test_charts_are_well_formed_and_small_whatever_they_show() -> None:
    """Twenty years of cohorts, amounts of any size and sign, names with markup, nothing at all."""
    long = [
        (name * (1 + place % 2), 10**place, [(-1) ** age * 10.0**age for age in range(40)])
        for place, name in enumerate(_HOSTILE * 40)
    ]
    waves = [("2024-01", 5, [float(age % 4) for age in range(13)])] * 24
    charts = [
        *(
            draw(cohorts)
            for draw in (cohort_triangle, retention_heatmap)
            for cohorts in (long, waves, [])
        ),
        cohort_triangle([("2024-01", 1, [])]),
        cohort_triangle([("2024-01", 1, [-1.0, None, -2.0])]),
        rfm_grid({}),
        rfm_grid({(r, f): (name, 10**9) for r, name in enumerate(_HOSTILE) for f in range(6)}),
        forecast_fan([], []),
        forecast_fan([(day, 0, 0, 0) for day in (30, 365)], []),
        forecast_fan(
            [(day, 10**9, 10**10, 10**12) for day in range(1, 12)], [("a<b", 1e9, 1e12)] * 4
        ),
    ]
    for chart in charts:
        ElementTree.fromstring(chart.full)
        ElementTree.fromstring(chart.small)
        assert len(quote(chart.small, safe="/:=,.-_")) < INLINE
