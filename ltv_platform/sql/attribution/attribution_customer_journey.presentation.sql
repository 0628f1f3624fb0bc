-- Published: the three columns that other pipelines expect.
SELECT conv_id, session_id, ihc
FROM marts.attribution_customer_journey
