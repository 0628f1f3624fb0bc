-- Google Ads: a report with the segment Day, as CSV or "Excel .csv" (UTF-16, tabs).
-- Without a campaign id in the report, the campaign's name identifies it.
-- format: a Google Ads report by day
-- skip: until header
-- needs: day (date) = Day | Tag | Jour | Día | Dia
-- needs: campaign_name = Campaign | Campaign name | Kampagne | Campagne | Campaña | Campanha
-- needs: cost (number) = Cost | Kosten | Coût | Coste | Costo | Custo
-- takes: campaign_id = Campaign ID | Kampagnen-ID | ID de campagne | ID de campaña | ID da campanha
-- takes: currency = Currency code | Currency | Währungscode | Code de devise | Código de moneda | Código da moeda
-- takes: impressions (number) = Impr. | Impressions | Impr
-- takes: clicks (number) = Clicks | Klicks | Clics | Cliques
-- takes: campaign_type = Campaign type | Kampagnentyp
-- totals: starts_with(day, 'Total') OR starts_with(campaign_name, 'Total')
-- table: campaign_costs
SELECT
  COALESCE(campaign_id, campaign_name) AS campaign_id,
  day AS date,
  cost,
  currency,
  impressions,
  clicks
FROM file
-- table: campaigns
SELECT
  COALESCE(campaign_id, campaign_name) AS campaign_id,
  ARG_MAX(campaign_name, _line) AS campaign_name,
  'Google Ads' AS media_source,
  ARG_MAX(campaign_type, _line) AS objective
FROM file
GROUP BY 1
