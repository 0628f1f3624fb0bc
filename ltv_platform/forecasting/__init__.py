"""Forecasts of purchases, spend and retention: functions on numpy arrays, no warehouse, no Dagster.

``repeat_buying`` forecasts single customers, ``cohorts`` install cohorts; ``accuracy`` measures both
against what happened.
"""
