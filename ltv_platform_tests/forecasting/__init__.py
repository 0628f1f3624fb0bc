"""Forecast models on arrays: no warehouse, no Dagster."""
