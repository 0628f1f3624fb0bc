"""Sample data: nine source tables with planted truths and planted dirt (`ltv sample`).

`campaigns.py` is the plan; one module per group of tables draws rows from it; `dirt.py` adds rows
that must be rejected; `tally.py` and `truths.py` state what is true of the result. Nothing here
imports any other part of the platform: truths taken from the code they test would prove little.
"""

from ltv_platform.sample.generator import generate
from ltv_platform.sample.truths import Truths

__all__ = ["Truths", "generate"]
