"""How install cohorts grow: a triangle of ages, its development factors, intervals, a back-test.

``tables`` and ``backtest`` turn the fits into rows of marts.
"""
