"""The nine constants of the local IHC engine, and the named sets of them.

The engine is an open approximation, not the trained model behind the IHC API.
"""

from dataclasses import dataclass
from typing import Final

from ltv_platform.settings import Settings


@dataclass(frozen=True)
class IhcParameters:
    """Constants of the local engine; the steps are in ``sql/attribution/ihc_local.sql``.

    Attributes:
        window_hours: T; a pause longer than this ends the path, and credit fades towards it.
        pause_hours: d; a shorter pause makes no new initiation.
        exponent: p; bends the initiation by pauses between d and T.
        fast_share: a; share of the fast part of the closers' decay.
        fast_hours: tau_f; time constant of the fast part.
        slow_hours: tau_s; time constant of the slow part.
        initializer_weight: wI; the three weights add up to 1.
        holder_weight: wH.
        closer_weight: wC.
    """

    window_hours: float
    pause_hours: float
    exponent: float
    fast_share: float
    fast_hours: float
    slow_hours: float
    initializer_weight: float
    holder_weight: float
    closer_weight: float


PRESETS: Final = {
    "published": IhcParameters(312, 48, 1.4, 0.47, 1, 150, 1 / 3, 1 / 3, 1 / 3),
    "long": IhcParameters(312, 48, 1.4, 0.47, 1, 150, 0.345, 0.380, 0.275),
    "short": IhcParameters(52, 0, 1.25, 0.46, 0.4, 47, 0.323, 0.374, 0.303),
}


def ihc_parameters(settings: Settings) -> IhcParameters:
    """The constants of the preset that the settings name."""
    return PRESETS[settings.ihc_preset]
