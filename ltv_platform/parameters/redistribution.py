"""Redistribution: moves IHC credit away from channels that only pass customers on, by phase.

The format is that of the IHC API's ``redistribution_parameter``.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Direction = Literal["earlier_sessions_only", "later_sessions_only", "any_session"]


class PhaseRedistribution(BaseModel):
    """The redistribution of one phase: from which channels, to which."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    direction: Direction = Field(description="Sessions that may receive, seen from the donor.")
    receive_threshold: float = Field(
        0.0, ge=0, le=1, description="Least credit of the phase that a receiver has already."
    )
    redistribution_channel_labels: tuple[str, ...] = Field(
        min_length=1, description="Channels that give their credit away."
    )


class Redistribution(BaseModel):
    """The redistribution of each phase; phases without one stay unchanged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    initializer: PhaseRedistribution | None = None
    holder: PhaseRedistribution | None = None
    closer: PhaseRedistribution | None = None
