"""Journeys, models and the IHC API."""
