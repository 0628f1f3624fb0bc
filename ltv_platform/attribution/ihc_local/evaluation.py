"""How close models come to the answers of the IHC API.

The local engine is an open approximation; its accuracy is measured here.
"""

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ltv_platform.attribution.ihc_local.answered_journeys import (
    AnsweredJourneys,
    Floats,
    engine_settings,
)
from ltv_platform.errors import UserError
from ltv_platform.parameters.ihc import FITTED, PRESETS
from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render
from ltv_platform.warehouse.opening import open_in_memory

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Distance:
    """The distance of some credit from that of the API.

    Attributes:
        mean_error: Mean absolute difference of a session's credit, over journeys of two or more
            sessions; NaN if there are none.
        max_error: The greatest of these.
        misallocated: Share of all conversion credit in another cell of channel and day than the
            API's: half the sum of absolute differences over the cells, divided by the sum of the
            API's credit. It includes journeys of one session: they are conversions, too.
    """

    mean_error: float
    max_error: float
    misallocated: float


def distance(journeys: AnsweredJourneys, credit: Floats) -> Distance:
    """The distance of some credit, one number per row of the journeys, from the API's."""
    difference = credit - journeys.ihc
    errors = np.abs(difference[journeys.sessions > 1])
    cells = np.bincount(journeys.cell, weights=difference)
    return Distance(
        mean_error=float(errors.mean()) if errors.size else float("nan"),
        max_error=float(errors.max()) if errors.size else float("nan"),
        misallocated=float(np.abs(cells).sum() / 2 / journeys.ihc.sum()),
    )


def local_scores(journeys: AnsweredJourneys, settings: Settings, preset: str) -> Floats:
    """The credit of the local engine for each row, by the SQL of ``marts.ihc_attribution``.

    Raises:
        UserError: the preset is ``fitted`` and nothing was fitted yet.
    """
    sql = render("queries/ihc/answered_scores.sql", engine_settings(settings, preset))
    with closing(open_in_memory(settings)) as database:
        rows = database.fetch(sql, journeys=journeys.table)
    scores: Floats = rows["ihc"].to_numpy()
    return scores


def evaluate(
    journeys: AnsweredJourneys, settings: Settings
) -> list[tuple[str, str | None, Distance]]:
    """The distances of all presets of the local engine, of linear and of last.

    Returns:
        Model, preset of the local engine (None: another model) and distance.

    Raises:
        UserError: no journey has two sessions, so models do not differ.
    """
    if not journeys.long_journeys:
        raise UserError(
            "No answered journey has two or more sessions: all models agree on these.",
            "Use answers to longer journeys.",
        )
    presets = [*PRESETS, *([FITTED] if settings.ihc_fit_path.exists() else [])]
    others = {
        "linear": 1 / journeys.sessions,
        "last": (journeys.position == journeys.sessions).astype(np.float64),
    }
    return [
        *(
            ("ihc (local)", preset, distance(journeys, local_scores(journeys, settings, preset)))
            for preset in presets
        ),
        *((name, None, distance(journeys, credit)) for name, credit in others.items()),
    ]
