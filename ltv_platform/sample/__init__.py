"""Sample data: nine source tables with planted truths and planted dirt (`ltv sample`).

`campaigns.py` is the plan, one module per group of tables draws rows from it, `dirt.py` adds what
must be rejected, `tally.py` and `truths.py` say what is true of the result. Nothing here imports
any other part of the platform: the truths would be worth less if they came from the code they test.
"""

from ltv_platform.sample.generator import generate
from ltv_platform.sample.truths import Truths

__all__ = ["Truths", "generate"]
