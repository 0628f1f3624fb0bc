"""What all contenders of the cohort benchmark agree on: horizons, key, columns, units."""

#: The platform's default horizons.
HORIZONS = (1, 3, 7, 14, 30, 60, 90, 180, 365)
LONGEST = max(HORIZONS)
KEY = ("install_date", "campaign_id", "country")

#: Counts per cohort; money from the frames is in whole millionths.
COUNTS = ("installs", *(f"{name}_d{n}" for n in HORIZONS for name in ("payers", "retained")))
MONEY = (*(f"{name}_d{n}" for n in HORIZONS for name in ("revenue", "refunds")), "revenue_to_date")
