"""Removing a person from everything under LTV_HOME, and keeping them out afterwards.

``erase`` states the order; ``raw_rows`` takes the person out of the warehouse, ``files`` out of
landing and loaded files (one at a time by ``stripping``, which ``finding`` tells the records),
``history`` out of Dagster's; ``suppression`` keeps them out when files come again. What a refresh
makes of the rest does not belong here: that is whoever calls.
"""
