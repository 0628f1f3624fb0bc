-- Grain: one row, of the user with most sessions times conversions; none without any.
-- Answers: how many sessions and conversions has the greatest user?
SELECT visited.sessions, bought.conversions
FROM (
  SELECT user_id, COUNT(*) AS sessions FROM core.sessions GROUP BY user_id
) AS visited
JOIN (
  SELECT user_id, COUNT(*) AS conversions FROM core.conversions GROUP BY user_id
) AS bought
  ON bought.user_id = visited.user_id
ORDER BY visited.sessions * bought.conversions DESC, visited.sessions DESC
LIMIT 1
