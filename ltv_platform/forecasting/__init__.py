"""Forecasts of purchases, spend and retention: functions on numpy arrays, no warehouse, no Dagster.

``repeat_buying`` forecasts single customers, ``cohorts`` install cohorts; ``accuracy`` compares
both with what happened.
"""
