"""Removes a person from everything under LTV_HOME, and keeps them out afterwards.

``erase`` defines the order. ``raw_rows`` removes the person from the warehouse, ``files`` from
landing and loaded files (``finding`` finds the records of one file, ``stripping`` removes them),
``history`` from Dagster's history. ``ingestion.suppression`` keeps them out when files are loaded
again. The caller refreshes the remaining figures.
"""
