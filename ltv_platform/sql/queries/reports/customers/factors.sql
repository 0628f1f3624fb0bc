-- Grain: one row per factor and level.
-- Answers: what do customers of high LTV have in common?
-- A factor that is the same for all customers explains nothing.
SELECT
  factor,
  level,
  customers,
  avg_ltv,
  lift,
  multiplier,
  multiplier_lower,
  multiplier_upper,
  significant,
  reason
FROM ltv_influencing_factors
WHERE factor <> '(all)' AND status <> 'one_level'
ORDER BY
  significant DESC NULLS LAST,
  ABS(LN(NULLIF(multiplier, 0))) DESC NULLS LAST,
  customers DESC,
  factor,
  level
LIMIT {{ most_factors }}
