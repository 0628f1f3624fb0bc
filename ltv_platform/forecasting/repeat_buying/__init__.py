"""Who buys again and what they spend: models fitted to groups of customers with equal histories.

``tables`` and ``backtest`` turn the fits into rows of marts. ``subscriptions`` and ``retention``
project the renewals of subscribers.
"""
