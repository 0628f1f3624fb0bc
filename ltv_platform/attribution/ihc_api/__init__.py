"""The IHC attribution API: its client, the requests that journeys are packed into, its answers.

What was asked and answered is kept in the raw log (``ledger``). Credits that the API gives are not
computed here, and its stand-in for tests and offline work is ``simulator``.
"""
