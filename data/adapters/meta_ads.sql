-- Meta Ads (Facebook, Instagram): an export of the Ads Manager or Ads Reporting, broken down by day.
-- Loads the spend, impressions and link clicks of each campaign and day, by country if the file has it,
-- and campaign names. Leaves out results and purchases, which we compute ourselves. Rows of ad sets,
-- ads and placements add up. Without an id, the name identifies a campaign.
-- format: a Meta Ads export
-- skip: until header
-- empty: - | --
-- needs: starts (date) = Reporting starts | Berichtsstart | Berichtsbeginn | Beginn des Berichtszeitraums | Auswertungsbeginn | Beginn der Auswertung | Début des rapports | Début du rapport | Début de la période de rapport | Inicio del informe | Inicio de los informes | Inicio del periodo del informe | Início dos relatórios | Início do relatório | Início da apresentação de relatórios | Início da comunicação
-- missing: starts = In Meta Ads, export the table data as .csv; the columns Reporting starts and Reporting ends come with it.
-- needs: ends (date) = Reporting ends | Berichtsende | Ende des Berichtszeitraums | Auswertungsende | Ende der Auswertung | Fin des rapports | Fin du rapport | Fin de la période de rapport | Fin del informe | Fin de los informes | Fin del periodo del informe | Término dos relatórios | Encerramento dos relatórios | Fim dos relatórios | Término do relatório | Fim do relatório | Fim da apresentação de relatórios | Fim da comunicação
-- needs: campaign_name = Campaign name | Kampagnenname | Name der Kampagne | Nom de la campagne | Nombre de la campaña | Nome da campanha
-- missing: campaign_name = In Meta Ads, add the column Campaign name, and export it again.
-- needs: cost (number) = Amount spent ({currency}) | Amount spent | Ausgegebener Betrag ({currency}) | Ausgegebener Betrag | Montant dépensé ({currency}) | Montant dépensé | Importe gastado ({currency}) | Importe gastado | Valor usado ({currency}) | Valor usado | Montante gasto ({currency}) | Montante gasto | Valor gasto ({currency}) | Valor gasto | Quantia gasta ({currency}) | Quantia gasta
-- missing: cost = In Meta Ads, add the column Amount spent, and export it again.
-- takes: day (date) = Day | Tag | Jour | Día | Dia
-- takes: campaign_id = Campaign ID | Kampagnen-ID | ID der Kampagne | ID de la campagne | ID de campagne | Identifiant de la campagne | Identificador de la campaña | ID de la campaña | ID de campaña | Identificação da campanha | ID da campanha
-- takes: currency_code = Currency | Währung | Devise | Divisa | Moneda | Moeda
-- takes: country = Country | Land | Pays | País
-- takes: impressions (count) = Impressions | Impressionen | Impresiones | Impressões
-- takes: clicks (count) = Link clicks | Link-Klicks | Linkklicks | Clics sur un lien | Clics sur le lien | Clics en el enlace | Clics en enlaces | Cliques no link | Cliques na ligação | Clicks (all) | Klicks (alle) | Clics (tous) | Clics (todos) | Cliques (todos) | Cliques (tudo)
-- takes: objective = Objective | Ziel | Objectif | Objetivo
-- totals: (campaign_name IS NULL AND campaign_id IS NULL) OR (day IS NULL AND regexp_full_match(campaign_name, 'Results from [0-9.,]+ campaigns?'))
-- refuse: day IS NULL AND LEFT(starts, 10) <> LEFT(ends, 10)
-- because: the row spans several days, and nothing says what was spent on each. In Meta Ads, choose Breakdown > By time > Day, and export it again.
-- refuse: regexp_full_match(TRIM(campaign_id), '[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}')
-- because: a spreadsheet has shortened the campaign ids (as in 1.2E+17); they cannot be told apart. In Meta Ads, export it again, and load it without saving it in a spreadsheet.
-- table: campaign_costs
SELECT
  COALESCE(campaign_id, campaign_name) AS campaign_id,
  COALESCE(day, starts) AS date,
  country,
  cost,
  COALESCE(currency_code, currency) AS currency,
  impressions,
  clicks
FROM file
-- A campaign that did not run has neither an amount nor impressions.
WHERE cost IS NOT NULL OR TRY_CAST(impressions AS DOUBLE) > 0
-- table: campaigns
SELECT
  COALESCE(campaign_id, campaign_name) AS campaign_id,
  ARG_MAX(campaign_name, _line) AS campaign_name,
  'Meta Ads' AS media_source,
  ARG_MAX(objective, _line) AS objective
FROM file
GROUP BY 1
