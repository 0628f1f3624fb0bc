"""The table of campaigns: figures of the catalogue, the outlook of each, and the order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ltv_platform.metrics import Answer, AnswerRow, Cell
from ltv_platform.reports.formats import FIRM_SHARE
from ltv_platform.reports.pages import Row

#: Horizon of the expected ROAS that the table shows, if it is among the forecast horizons.
EXPECTED_HORIZON = 90


@dataclass(frozen=True)
class CampaignRow:
    """A campaign in the table.

    Attributes:
        campaign_id: Its id, (organic) or (unknown).
        name: Its name.
        is_campaign: Whether it is neither (organic) nor (unknown).
        detailed: Whether the page has its curve and cohorts.
        summary: Its row of ``campaigns/campaigns.sql``, over all cohorts.
        cells: Figures by metric.
        spend_share: Share of the spend of all campaigns; None: no spend.
        profit: Revenue to date − spend; None: no spend.
        payback_day: As in campaign_summary; None: not yet, or not of the filtered cohorts.
        payback_spend_share: Share of the spend on which it is based.
        outlook: Its row of campaign_outlook; None: the snapshot has none.
    """

    campaign_id: str
    name: str
    is_campaign: bool
    detailed: bool
    summary: Row
    cells: Mapping[str, Cell]
    spend_share: float | None
    profit: float | None
    payback_day: int | None
    payback_spend_share: float | None
    outlook: Row | None

    @property
    def expected(self) -> tuple[float | None, float | None, float | None]:
        """Expected ROAS with the lower and upper end of its interval; None: not known."""
        row = self.outlook or {}
        name = f"expected_roas_d{EXPECTED_HORIZON}"
        if name not in row:
            name = "expected_roas"
        return row.get(name), row.get(f"{name}_lower"), row.get(f"{name}_upper")

    def is_firm(self, metric: str) -> bool:
        """Whether a figure covers enough to represent the campaign."""
        cell = self.cells[metric]
        return cell.value is not None and (cell.coverage or 0.0) >= FIRM_SHARE


def campaign_rows(
    answer: Answer,
    campaigns: Sequence[Row],
    outlook: Mapping[str, Row],
    *,
    is_whole: bool,
) -> list[CampaignRow]:
    """Combine what is known about each campaign.

    Args:
        answer: Figures by campaign.
        campaigns: Of ``campaigns/campaigns.sql``: names and paybacks.
        outlook: Rows of campaign_outlook by campaign.
        is_whole: Whether the figures are of all cohorts: a payback day is not known for others.
    """
    named = {row["campaign_id"]: row for row in campaigns}
    total = sum(float(_spend(row) or 0) for row in answer.rows)
    return [
        _row(row, named[row.labels["campaign"]], outlook, total, is_whole=is_whole)
        for row in answer.rows
        if row.labels["campaign"] in named
    ]


def ordered(rows: Sequence[CampaignRow], sort: str) -> list[CampaignRow]:
    """Rows in the order of a column; (organic) and (unknown) last, unknown values before them.

    Args:
        rows: The rows.
        sort: A column of :data:`COLUMNS` or a metric of the cells; ``-`` in front: most first.
    """
    column = sort.removeprefix("-")
    sign = -1.0 if sort.startswith("-") else 1.0

    def key(row: CampaignRow) -> tuple[Any, ...]:
        value = value_of(row, column)
        # A figure of few cohorts must not win.
        thin = column in row.cells and not row.is_firm(column)
        known = 0.0 if value is None else sign * float(value)
        return not row.is_campaign, value is None, thin, known, row.name, row.campaign_id

    if column == "name":
        return sorted(rows, key=lambda row: row.name.casefold(), reverse=sign < 0)
    return sorted(rows, key=key)


def longest_reliable(total: Mapping[str, Cell], horizons: Sequence[int]) -> int | None:
    """The longest horizon that at least 80 % of the spend has reached; None: there is none."""
    for days in sorted(horizons, reverse=True):
        cell = total[f"roas_d{days}"]
        if cell.value is not None and (cell.coverage or 0.0) >= FIRM_SHARE:
            return days
    return None


def value_of(row: CampaignRow, column: str) -> float | None:
    """The value that a column orders by."""
    if column in COLUMNS:
        return COLUMNS[column](row)
    cell = row.cells.get(column)
    return None if cell is None or cell.value is None else float(cell.value)


#: Columns that order the table besides metrics.
COLUMNS: Mapping[str, Callable[[CampaignRow], float | None]] = {
    "expected": lambda row: row.expected[0],
    "share": lambda row: row.spend_share,
    "profit": lambda row: row.profit,
    "ltv_cac": lambda row: (row.outlook or {}).get("ltv_cac"),
    "payback": lambda row: row.payback_day,
    "name": lambda _: None,
}


def _row(
    row: AnswerRow, named: Row, outlook: Mapping[str, Row], total: float, *, is_whole: bool
) -> CampaignRow:
    spend = _spend(row)
    revenue = row.cells["revenue_to_date"].value
    return CampaignRow(
        campaign_id=named["campaign_id"],
        name=named["name"],
        is_campaign=named["is_campaign"],
        detailed=named["detailed"],
        summary=named,
        cells=row.cells,
        spend_share=float(spend) / total if spend and total else None,
        profit=float(revenue or 0) - float(spend) if spend else None,
        payback_day=named["payback_day"] if is_whole else None,
        payback_spend_share=named["payback_spend_share"] if is_whole else None,
        outlook=outlook.get(named["campaign_id"]),
    )


def _spend(row: AnswerRow) -> Any:
    return row.cells["spend"].value
