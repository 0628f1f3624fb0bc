"""Forecasts of purchases, spend and retention: functions on numpy arrays, no warehouse, no Dagster.

What a customer has bought so far is a history (:mod:`.histories`); a fitted model is a
:class:`~ltv_platform.forecasting.model.Fit` (:mod:`.model`); each model is a module of its own.
"""
