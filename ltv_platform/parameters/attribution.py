"""Parameters of journeys and attribution models, derived from the settings."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ltv_platform.parameters.ihc import IhcParameters, ihc_parameters
from ltv_platform.parameters.redistribution import Redistribution

if TYPE_CHECKING:
    from ltv_platform.settings import Settings

#: All models; ihc comes from the API or from the local engine.
MODELS = (
    "first",
    "last",
    "last_non_direct",
    "linear",
    "position",
    "time_decay",
    "markov_path",
    "shapley",
    "ihc",
)

#: The model that depends on the whole history; ``marts.attribution`` stores all others.
MARKOV_PATH = "markov_path"

#: Half-life of a session's weight in days (attribution.md, time_decay).
HALF_LIFE_DAYS = 7
#: Share of the first and of the last of three or more sessions (attribution.md, position).
POSITION_SHARE = 0.4
#: Most channels for a Markov chain of each order. The number of states grows with the power of the
#: order: 30 channels make up to 27,930 states of order 3, which take at most five seconds.
MARKOV_CHANNELS = {1: 2_000, 2: 50, 3: 30}


@dataclass(frozen=True)
class AttributionParameters:
    """Everything that changes journeys and models.

    Attributes:
        lookback_days: Length of a journey in 24-hour days before the conversion; None: no limit.
        reach_days: Reporting days that these may span; None: all.
        most_sessions: Most sessions in a journey, the latest ones.
        boundary: Whether a session in the same second as the conversion belongs to its journey.
        break_at_conversion: A conversion ends the journey; the next begins after it.
        direct_channels: Lower-case names of channels that are not marketing.
        half_life_days: Parameter of time_decay.
        position_share: Parameter of position.
        markov_channels: Most channels of a Markov chain, by its order.
        engine: The engine that scores IHC.
        preset: Name of the local engine's parameters.
        ihc: The local engine's parameters.
        redistribution: Moves of IHC credit, if any.
        conversion_type: The API's conv_type_id; empty: none.
        mixed_engines: The local engine scores what the API has not scored.
        request_sessions: Most sessions in a request; longer journeys are scored locally.
    """

    lookback_days: int | None
    reach_days: int | None
    most_sessions: int
    boundary: str
    break_at_conversion: bool
    direct_channels: tuple[str, ...]
    half_life_days: int
    position_share: float
    markov_channels: Mapping[int, int]
    engine: str
    preset: str
    ihc: IhcParameters
    redistribution: Redistribution
    conversion_type: str
    mixed_engines: bool
    request_sessions: int

    def hash(self, model: str) -> str:
        """A short hash of the parameters that a model depends on, including those of journeys."""
        return _hash({"model": model, **self._journeys(), **self._of_model(model)})

    @property
    def stored_models(self) -> tuple[str, ...]:
        """The models that ``marts.attribution`` stores."""
        return tuple(model for model in MODELS if model != MARKOV_PATH)

    @property
    def request_hash(self) -> str:
        """A hash of the content of an API request apart from its journeys."""
        return _hash(
            {
                "conv_type_id": self.conversion_type,
                "redistribution": self.redistribution.model_dump(mode="json"),
            }
        )

    def _journeys(self) -> dict[str, Any]:
        return {
            "lookback_days": self.lookback_days,
            "most_sessions": self.most_sessions,
            "boundary": self.boundary,
            "break_at_conversion": self.break_at_conversion,
        }

    def _of_model(self, model: str) -> dict[str, Any]:
        match model:
            case "last_non_direct":
                return {"direct_channels": sorted(self.direct_channels)}
            case "position":
                return {"share": self.position_share}
            case "time_decay":
                return {"half_life_days": self.half_life_days}
            case "ihc":
                api = {"request": self.request_hash} if self.engine == "api" else {}
                local = {"preset": self.preset, **asdict(self.ihc)}
                moves = self.redistribution.model_dump(mode="json")
                return {"engine": self.engine, "redistribution": moves, **local, **api}
            case _:
                return {}


def attribution_parameters(settings: "Settings") -> AttributionParameters:
    """The parameters for some settings.

    Raises:
        UserError: LTV_IHC_PRESET is ``fitted`` and nothing was fitted yet.
    """
    lookback = settings.journey_lookback
    # 24 hours are not always a day: clocks are put forward and back.
    shift = 0 if settings.timezone == "UTC" else 1
    return AttributionParameters(
        lookback_days=lookback,
        reach_days=None if lookback is None else lookback + shift,
        most_sessions=settings.journey_sessions,
        boundary=settings.journey_boundary,
        break_at_conversion=settings.journey_break,
        direct_channels=tuple(name.lower() for name in settings.direct_channels),
        half_life_days=HALF_LIFE_DAYS,
        position_share=POSITION_SHARE,
        markov_channels=MARKOV_CHANNELS,
        engine="api" if settings.uses_ihc_api else "local",
        preset=settings.ihc_preset,
        ihc=ihc_parameters(settings),
        redistribution=settings.ihc_redistribution,
        conversion_type=settings.ihc_conversion_type,
        mixed_engines=settings.ihc_mixed_engines,
        request_sessions=settings.ihc_request_sessions,
    )


def _hash(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
