def write_campaign_report(settings): return settings.reports_path
