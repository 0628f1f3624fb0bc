"""Weekly cohorts of campaigns and their forecasts, from files to published figures."""
