"""A format of one's own, a file of it, and what loads such files."""

from decimal import Decimal

from ltv_platform.ingestion.load import Outcome, Request, ingest
from ltv_platform_tests.testing.loader import Loader, assert_adds_up

SHOP = """\
-- format: a report of Shop
-- skip: until header
-- needs: day (date) = Day | Tag
-- needs: number = Order
-- needs: total (number) = Total ({currency}) | Summe ({currency})
-- takes: address (person) = E-mail
-- takes: country = Country
-- takes: plan = Plan
-- totals: starts_with(number, 'Total')
-- refuse: plan = 'trial'
-- because: orders of a trial are in it. In the shop, choose Export > Paid.
-- variable: sign = plus | minus
-- table: customers
SELECT address AS customer_id, MIN(day) AS registration_date, ARG_MIN(country, _line) AS country
FROM file WHERE address IS NOT NULL GROUP BY address
-- table: transactions
-- rows: many
SELECT number || '-' || part AS transaction_id, address AS customer_id, day AS transaction_date,
  CASE WHEN getvariable('sign') = 'plus' THEN total ELSE '0' END AS amount, currency
FROM file, (VALUES ('a'), ('b')) AS parts(part)
"""
FILE = """\
Orders of May
"from 1 May, to 31 May"
Order,Day,Total (EUR),E-mail,Notes
1,13/05/2025,"1.204,10",Ann@example.com,call Ann
2,05/05/2025,"-4,10 €", ann@EXAMPLE.com ,
3,06/05/2025,"50,00",,
Total of 3,,"1.250,00",,
"""


def ingest_export(
    load: Loader, content: str, name: str, adapter: str | None, *options: str
) -> list[Outcome]:
    outcomes = ingest(load.engine, [Request(None, load.write(name, content), adapter, options)])
    for outcome in outcomes:
        if outcome.counts is not None:
            assert_adds_up(outcome.counts)
    return outcomes


def load_costs(load: Loader, lines: str, *options: str, name: str = "g.csv") -> Outcome:
    header = "Campaign,Day,Cost,Impr.\n"
    outcome, *_ = ingest_export(load, header + lines, name, None, *options)
    return outcome


def total_cost(load: Loader) -> Decimal:
    return Decimal(load.rows("SELECT SUM(cost) FROM raw.campaign_costs")[0][0])
