"""Notes on how a load changes the spend or revenue of earlier loads, as amounts of money."""

from collections.abc import Iterator
from decimal import Decimal

from ltv_platform.contracts.sources import CAMPAIGN_COSTS, TRANSACTIONS
from ltv_platform.ingestion.files.private_copy import is_events
from ltv_platform.ingestion.messages import some
from ltv_platform.warehouse.engine import LoadCounts, Reader

#: Maximum number of names that a note lists.
_SHOWN = 3


def notes_on_money(reader: Reader, counts: LoadCounts) -> Iterator[str]:
    """Notes on a load that was just appended; tables without restated money have none.

    Args:
        reader: The warehouse.
        counts: The row of ``loads``.
    """
    if is_events(counts.source_file):  # a correction of one figure is an event like any other
        return
    if counts.table_name == CAMPAIGN_COSTS.name:
        yield from _notes_on_spend(reader, counts.load_id)
    if counts.table_name == TRANSACTIONS.name:
        yield from _notes_on_revenue(reader, counts.load_id)


def _notes_on_spend(reader: Reader, load_id: str) -> Iterator[str]:
    """Notes on a load of campaign_costs."""
    replaced = reader.rows(
        """
        WITH own AS (
          SELECT spend_source, campaign_id, date, COALESCE(currency, $base) AS currency,
            SUM(cost) AS cost, MAX(load_sequence) AS load_sequence
          FROM raw.campaign_costs WHERE load_id = $load_id GROUP BY ALL
        ),
        days AS (
          SELECT spend_source, campaign_id, date, MAX(load_sequence) AS load_sequence
          FROM own GROUP BY ALL
        ),
        earlier AS (
          SELECT costs.spend_source, costs.campaign_id, costs.date,
            COALESCE(costs.currency, $base) AS currency, SUM(costs.cost) AS cost
          FROM (
            SELECT costs.*
            FROM raw.campaign_costs AS costs
            JOIN days ON days.campaign_id = costs.campaign_id AND days.date = costs.date
              AND days.spend_source IS NOT DISTINCT FROM costs.spend_source
              AND costs.load_sequence < days.load_sequence
            QUALIFY costs.load_sequence = MAX(costs.load_sequence) OVER (
              PARTITION BY costs.spend_source, costs.campaign_id, costs.date)
          ) AS costs
          GROUP BY ALL
        ),
        known AS (SELECT DISTINCT spend_source, campaign_id, date FROM earlier)
        SELECT currency, CAST(SUM(before) AS DECIMAL(38,6)), CAST(SUM(after) AS DECIMAL(38,6)),
          (SELECT COUNT(*) FROM known)
        FROM (
          SELECT currency, cost AS before, 0 AS after FROM earlier
          UNION ALL
          SELECT currency, 0, cost FROM own
          WHERE EXISTS (
            SELECT 1 FROM known
            WHERE known.campaign_id = own.campaign_id AND known.date = own.date
              AND known.spend_source IS NOT DISTINCT FROM own.spend_source)
        ) AS compared
        GROUP BY currency ORDER BY currency
        """,
        {"load_id": load_id, "base": reader.settings.currency},
    )
    if replaced:
        days = replaced[0][3]
        changes = ", ".join(_change(before, after, code) for code, before, after, _ in replaced)
        yield f"spend of {days} (campaign, day) pairs from earlier loads was replaced: {changes}"
    others = reader.rows(
        """
        SELECT COUNT(*), LIST(DISTINCT source ORDER BY source)
        FROM (
          SELECT DISTINCT own.campaign_id, own.date,
            COALESCE(costs.spend_source, '(none)') AS source
          FROM (
            SELECT DISTINCT spend_source, campaign_id, date
            FROM raw.campaign_costs WHERE load_id = $load_id
          ) AS own
          JOIN raw.campaign_costs AS costs
            ON costs.campaign_id = own.campaign_id AND costs.date = own.date
            AND costs.spend_source IS DISTINCT FROM own.spend_source
        ) AS shared
        """,
        {"load_id": load_id},
    )
    [(days, sources)] = others
    if days:
        yield (
            f"{days} (campaign, day) pairs also have spend from other sources, "
            f"{some(sources, _SHOWN)}: the sources add up. Load a correction under the source it "
            "corrects (spend_source, or the same adapter)"
        )


def _change(before: Decimal, after: Decimal, currency: str) -> str:
    return f"{before:,.2f} {currency} became {after:,.2f} ({after - before:+,.2f})"


def _notes_on_revenue(reader: Reader, load_id: str) -> Iterator[str]:
    """Notes on a load of transactions.

    If an older export is loaded after a newer one, it reverts refunds, which counts do not show.
    """
    restated = reader.rows(
        """
        WITH own AS (
          SELECT transaction_id, MAX(version) AS version
          FROM raw.transactions WHERE load_id = $load_id GROUP BY transaction_id
        ),
        versions AS (
          SELECT log.transaction_id, log.load_id = $load_id AS is_own,
            COALESCE(log.currency, $base) AS currency,
            CASE WHEN log.is_deleted THEN 0 WHEN log.is_refund THEN -log.amount ELSE log.amount END
              AS net
          FROM raw.transactions AS log JOIN own USING (transaction_id)
          WHERE log.version <= own.version
          QUALIFY ROW_NUMBER() OVER (
            PARTITION BY log.transaction_id, log.load_id = $load_id ORDER BY log.version DESC) = 1
        ),
        known AS (SELECT DISTINCT transaction_id FROM versions WHERE NOT is_own)
        SELECT currency,
          CAST(SUM(net) FILTER (WHERE NOT is_own) AS DECIMAL(38,6)),
          CAST(SUM(net) FILTER (WHERE is_own) AS DECIMAL(38,6)),
          (SELECT COUNT(*) FROM known)
        FROM versions JOIN known USING (transaction_id)
        GROUP BY currency
        HAVING SUM(CASE WHEN is_own THEN net ELSE -net END) <> 0
        ORDER BY currency
        """,
        {"load_id": load_id, "base": reader.settings.currency},
    )
    if restated:
        changes = ", ".join(
            _change(before or Decimal(0), after or Decimal(0), code)
            for code, before, after, _ in restated
        )
        yield (
            f"{restated[0][3]:,} transactions of earlier loads have new values: {changes}. If this "
            "file is the older one, load the newer one again"
        )
