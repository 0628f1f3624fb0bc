"""Who earned a conversion: the IHC API's client, fits of its local stand-in and of Markov chains.

The models themselves are SQL in ``sql/attribution/``. Nothing here knows Dagster.
"""
