"""Removes records that a load left out from the file that is kept."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ltv_platform.erasure.finding import open_finder
from ltv_platform.erasure.stripping import KeptFile, Stripper
from ltv_platform.ingestion.requests import Outcome
from ltv_platform.ingestion.suppression.keys import read_suppressed
from ltv_platform.warehouse.engine import Loader
from ltv_platform.warehouse.loads import remember_rewritten


def strip_landed(engine: Loader, outcomes: Sequence[Outcome]) -> Path:
    """Rewrite a landed file without the records of erased persons, before it is moved away.

    Returns:
        The path of the new file: a workbook becomes a text file.

    Raises:
        UserError: the file cannot be rewritten.
    """
    # A file that was loaded before has not been searched yet.
    waiting = [
        (outcome.request, outcome.counts)
        for outcome in outcomes
        if outcome.counts is not None
        and (outcome.left_out or outcome.repeated)
        and engine.catalog.sources[outcome.counts.table_name].is_personal
    ]
    if not waiting:
        return outcomes[0].request.path
    request, counts = waiting[0]
    suppressed = read_suppressed(engine, engine.settings)
    if not suppressed:
        return request.path
    file = KeptFile(request.path, counts.table_name, request.adapter, counts.load_id)
    with open_finder(engine.settings) as finder:
        stripper = Stripper(finder, engine.catalog.sources, suppressed)
        stripper.strip(file, partial(remember_rewritten, engine))
    return stripper.replaced.get(request.path, request.path)
