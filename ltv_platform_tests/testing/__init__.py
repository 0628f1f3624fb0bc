"""What tests of several packages share; what only one package needs is next to its tests.

* ``home``: a whole LTV_HOME: rows go in, published figures come out. ``small_home``: one filled
  with rows of two months. ``comparison``: what two homes of the same files have in common.
* ``loader``: writes a file and ingests it; ``workbooks``: Excel files.
* ``command_line``: ``ltv`` as people call it; ``forked``: the processes that it runs in; ``warm``:
  what these have loaded before they start; ``graphql``: what a web server is asked.
* ``http``: a client of the HTTP server.
* ``examples``: how many examples Hypothesis draws.
* ``surroundings``: where temporary files lie, and what is compiled once.
"""

from datetime import UTC, datetime
from pathlib import Path

#: The checkout, with the docs.
ROOT = Path(__file__).resolve().parents[2]

#: The clock of ingestion and partitions, so that no test depends on the day it runs.
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
