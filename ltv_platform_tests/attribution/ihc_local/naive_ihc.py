"""The local IHC engine again, session by session, written from docs/attribution.md.

Slow and plain: no windows, no sets. It shares nothing with the SQL but the constants.
"""

from dataclasses import dataclass
from math import exp

from ltv_platform.parameters.ihc import IhcParameters
from ltv_platform.parameters.redistribution import PhaseRedistribution, Redistribution


@dataclass(frozen=True)
class Touch:
    """A session of a journey: seconds since the first one, its channel and flags."""

    seconds: int
    channel: str = "a"
    holder: bool = True
    closer: bool = True
    impression: bool = False


@dataclass
class Score:
    """What a session has in each phase and in all."""

    initializer: float
    holder: float
    closer: float
    ihc: float


def naive_scores(
    journey: list[Touch], constants: IhcParameters, moves: Redistribution | None = None
) -> list[Score]:
    """The scores of the sessions of a journey, in order."""
    count = len(journey)
    window = constants.window_hours
    gaps = [0.0] + [(journey[k].seconds - journey[k - 1].seconds) / 3600 for k in range(1, count)]
    to_last = [(journey[-1].seconds - touch.seconds) / 3600 for touch in journey]
    live = [all(gap <= window for gap in gaps[k + 1 :]) for k in range(count)]

    initiation = []
    for k in range(count):
        if not live[k]:
            initiation.append(0.0)
        elif k == 0 or not live[k - 1]:
            initiation.append(1.0)
        else:
            pause = (gaps[k] - constants.pause_hours) / (window - constants.pause_hours)
            initiation.append(min(max(pause, 0.0), 1.0) ** constants.exponent)
    initializer = _normalized(initiation)

    closing = []
    for k, touch in enumerate(journey):
        closes = (k == count - 1 or touch.closer) and not touch.impression
        fast = constants.fast_share * exp(-to_last[k] / constants.fast_hours)
        slow = (1 - constants.fast_share) * exp(-to_last[k] / constants.slow_hours)
        fading = max(1 - to_last[k] / window, 0.0)
        closing.append((fast + slow) * fading if live[k] and closes else 0.0)
    closer = _normalized(closing)

    holding = []
    for k, touch in enumerate(journey):
        holds = live[k] and touch.holder and not touch.impression
        holding.append(_psi(initializer[k] + closer[k]) if holds else 0.0)
    holder = _normalized(holding)

    weights = [
        constants.initializer_weight if sum(initializer) > 0 else 0.0,
        constants.holder_weight if sum(holder) > 0 else 0.0,
        constants.closer_weight if sum(closer) > 0 else 0.0,
    ]
    if moves is not None:
        initializer = _moved(journey, live, initializer, moves.initializer)
        holder = _moved(journey, live, holder, moves.holder)
        closer = _moved(journey, live, closer, moves.closer)
    return [
        Score(i, h, c, (weights[0] * i + weights[1] * h + weights[2] * c) / sum(weights))
        for i, h, c in zip(initializer, holder, closer, strict=True)
    ]


def _psi(share: float) -> float:
    if share <= 0.5:
        return 1 - 0.6 * share
    if share <= 1:
        return 1.15 - 0.9 * share
    return max(0.25 * (2 - share), 0.0)


def _normalized(values: list[float]) -> list[float]:
    """Shares in the sum of values with 15 decimals, as the docs say; zeros if it is zero."""
    rounded = [round(value, 15) for value in values]
    total = sum(rounded)
    return [value / total if total else 0.0 for value in rounded]


def _moved(
    journey: list[Touch], live: list[bool], values: list[float], rule: PhaseRedistribution | None
) -> list[float]:
    if rule is None:
        return values
    listed = [touch.channel in rule.redistribution_channel_labels for touch in journey]
    after = list(values)
    for donor, value in enumerate(values):
        if not listed[donor]:
            continue
        receivers = [
            k
            for k in range(len(journey))
            if live[k]
            and not listed[k]
            and round(values[k], 15) >= rule.receive_threshold
            and (rule.direction != "earlier_sessions_only" or k < donor)
            and (rule.direction != "later_sessions_only" or k > donor)
        ]
        if not receivers:
            continue
        after[donor] -= value
        pool = sum(values[k] for k in receivers)
        for k in receivers:
            after[k] += value * (values[k] / pool if pool else 1 / len(receivers))
    return after
