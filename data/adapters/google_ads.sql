-- Google Ads: a report with the segment Day, as .csv or "Excel .csv" (UTF-16, tabs).
-- Loads the spend, impressions and clicks of each campaign and day, and campaign names.
-- Leaves out conversions and their value, which we compute ourselves. Rows of ad groups,
-- devices or networks add up. Without a campaign id in the report, the name identifies it.
-- format: a Google Ads report by day
-- skip: until header
-- empty: -- | -
-- needs: day (date) = Day | Tag | Jour | Día | Dia
-- missing: day = In the Google Ads report, add Segment > Time > Day, and download it again.
-- needs: campaign_name = Campaign | Kampagne | Campagne | Campaña | Campanha
-- missing: campaign_name = In Google Ads, download the report of Campaigns (or add the column Campaign).
-- needs: cost (number) = Cost | Cost ({currency}) | Kosten | Kosten ({currency}) | Coût | Coût ({currency}) | Coste | Coste ({currency}) | Costo | Costo ({currency}) | Custo | Custo ({currency})
-- missing: cost = In the Google Ads report, add the column Cost, and download it again.
-- takes: cost_as_written = Cost | Cost ({currency}) | Kosten | Kosten ({currency}) | Coût | Coût ({currency}) | Coste | Coste ({currency}) | Costo | Costo ({currency}) | Custo | Custo ({currency})
-- takes: campaign_id = Campaign ID | Kampagnen-ID | Kampagnen-Nr. | ID de campagne | ID de la campagne | N° de campagne | ID de campaña | ID de la campaña | ID da campanha | Código da campanha
-- takes: currency_code = Currency code | Currency | Währungscode | Währung | Code de devise | Code devise | Devise | Código de moneda | Código de la moneda | Moneda | Código da moeda | Código de moeda | Moeda
-- takes: impressions (count) = Impr. | Impressions | Impr | Impressionen | Impresiones | Impressões
-- takes: clicks (count) = Clicks | Klicks | Clics | Cliques
-- takes: campaign_type = Campaign type | Kampagnentyp | Type de campagne | Tipo de campaña | Tipo de campanha
-- totals: regexp_matches(day, '^ *(Total|Gesamt|Summe)') OR (day IS NULL AND (campaign_name IS NULL OR regexp_matches(campaign_name, '^ *(Total|Gesamt|Summe)')))
-- refuse: regexp_full_match(TRIM(campaign_id), '[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}')
-- because: a spreadsheet has shortened the campaign ids (as in 1.23E+10); they cannot be told apart. In Google Ads, download the report again, and load it without saving it in a spreadsheet.
-- The currency is that of the column, of the header, or of the amount. Marks that stand for several
-- ($, ¥, kr) say nothing; another mark is no currency, and goes to quarantine.
-- view: costs
SELECT
  *,
  regexp_replace(cost_as_written, '[\p{N}\p{Z}\s.,()+−''’-]', '', 'g') AS mark,
  MAP {
    '€': 'EUR', '£': 'GBP', 'R$': 'BRL', 'A$': 'AUD', 'AU$': 'AUD', 'C$': 'CAD', 'CA$': 'CAD',
    'US$': 'USD', 'NZ$': 'NZD', 'HK$': 'HKD', 'S$': 'SGD', 'MX$': 'MXN', 'NT$': 'TWD',
    'zł': 'PLN', 'Kč': 'CZK', 'Ft': 'HUF', 'lei': 'RON', 'Lei': 'RON', 'лв': 'BGN', '₹': 'INR',
    '₩': 'KRW', '₺': 'TRY', 'TL': 'TRY', '₽': 'RUB', 'руб': 'RUB', 'р': 'RUB', '฿': 'THB',
    '₫': 'VND', '₪': 'ILS', '₱': 'PHP', '₴': 'UAH', 'Fr': 'CHF', 'R': 'ZAR', 'RM': 'MYR',
    'Rp': 'IDR', 'S/': 'PEN'
  } AS marks,
  CASE
    WHEN TRY_CAST(cost AS DECIMAL(18,6)) IS NOT NULL
      AND mark NOT IN ('', '$', '¥', '￥', 'kr', 'Kr')
      THEN COALESCE(marks[mark], mark)
  END AS marked_currency
FROM file
-- table: campaign_costs
SELECT
  COALESCE(campaign_id, campaign_name) AS campaign_id,
  day AS date,
  cost,
  COALESCE(currency_code, currency, marked_currency) AS currency,
  impressions,
  clicks,
  _line
FROM costs
-- A campaign that did not run has neither cost nor impressions.
WHERE cost IS NOT NULL OR TRY_CAST(impressions AS DOUBLE) > 0
-- table: campaigns
SELECT
  COALESCE(campaign_id, campaign_name) AS campaign_id,
  ARG_MAX(campaign_name, _line) AS campaign_name,
  'Google Ads' AS media_source,
  ARG_MAX(campaign_type, _line) AS objective
FROM file
WHERE COALESCE(campaign_id, campaign_name) IS NOT NULL
GROUP BY 1
