"""Which channels last click credits too much: its credit compared with that of other models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

LAST_CLICK = "last"
#: Differences below 5 % of a channel's credit are not worth a sentence.
_ALIKE = 0.05


@dataclass(frozen=True)
class Verdict:
    """What last click credits to a channel, compared with another model.

    Attributes:
        channel: The channel.
        last: Conversions by last click.
        other: Conversions by the model that it is compared with.
        model: That model.
        agree: How many of the further models credit it less than last click, if the compared one
            does, and more, if that does.
        further: The number of further models.
    """

    channel: str
    last: float
    other: float
    model: str
    agree: int
    further: int

    @classmethod
    def of(cls, channel: str, credited: Mapping[str, float], model: str) -> Self | None:
        """Compare; None if one of the two models is missing, or both are last click."""
        if LAST_CLICK not in credited or model not in credited or model == LAST_CLICK:
            return None
        last, other = credited[LAST_CLICK], credited[model]
        further = [value for name, value in credited.items() if name not in (LAST_CLICK, model)]
        agree = sum((value - last) * (other - last) > 0 for value in further)
        return cls(channel, last, other, model, agree, len(further))

    @property
    def difference(self) -> float:
        """Conversions that last click credits beyond the other model; negative: too few."""
        return self.last - self.other

    @property
    def share(self) -> float | None:
        """The difference as a share of the other model's credit; None if that is 0."""
        return self.difference / self.other if self.other else None

    @property
    def kind(self) -> str:
        """over, under or alike."""
        if abs(self.difference) < _ALIKE * max(self.other, self.last, 1.0):
            return "alike"
        return "over" if self.difference > 0 else "under"


def verdicts(found: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts, over-credited channels first: by the number of conversions in question."""
    return sorted(found, key=lambda each: (-each.difference, each.channel))
