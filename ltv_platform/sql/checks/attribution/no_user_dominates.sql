-- Grain: one row for the user with the most sessions times conversions; none if there are no users.
-- Answers: how many sessions and conversions does the largest user have?
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
