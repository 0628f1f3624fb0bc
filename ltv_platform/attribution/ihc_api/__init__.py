"""The IHC attribution API: its client, the requests that journeys are packed into, its answers.

Requests and answers are kept in the raw log (``ledger``). ``simulator`` replaces the API in tests
and offline.
"""
