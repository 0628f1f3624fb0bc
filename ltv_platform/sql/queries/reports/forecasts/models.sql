-- Grain: one row per model.
-- Answers: which models make the forecasts?
SELECT
  model,
  STRING_AGG(
    parameter || ' ' || COALESCE(PRINTF('%.5g', value), '–')
      || COALESCE(PRINTF(' ± %.2g', standard_error), ''),
    ', ' ORDER BY parameter
  ) AS parameters,
  MAX(log_likelihood) AS log_likelihood,
  MAX(customers) AS customers,
  MAX(excluded_customers) AS excluded_customers,
  MAX(status) AS status,
  MAX(reason) AS reason
FROM forecast_models
GROUP BY model
ORDER BY model
