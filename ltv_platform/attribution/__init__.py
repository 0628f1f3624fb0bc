"""Who earned a conversion: parameters of journeys and models, the IHC API's client, fits.

The models themselves are SQL in ``sql/attribution/``. Nothing here knows Dagster.
"""
