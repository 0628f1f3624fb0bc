"""Processes killed at random moments, and a check whether it shows afterwards.

``stream`` makes random files, ``kills`` starts commands and kills them, and
:mod:`~ltv_platform_tests.testing.comparison` compares one LTV_HOME with another; ``make chaos``
runs all of it by a seed.
"""
