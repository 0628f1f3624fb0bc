"""Exact Markov attribution: how many conversions are lost if a channel leads nowhere.

Paths of sessions form an absorbing chain from ``start`` to a conversion or to nothing (Anderl et
al., Mapping the customer journey, IJRM 33(3), 2016). A state of order k is the last k channels of a
path. Nothing is simulated: the same counts always give the same figures.
"""

import logging
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from ltv_platform.contracts.arrow import arrow_table
from ltv_platform.contracts.attribution import MARKOV_CHANNELS as CONTRACT
from ltv_platform.parameters.attribution import MARKOV_CHANNELS

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from scipy.sparse import csr_matrix

_log = logging.getLogger(__name__)

#: Columns of the channels before a visit, the latest first.
_BEFORE = ("before_1", "before_2", "before_3")
#: Stop when the open paths can add at most this share of the conversions.
_ON_THEIR_WAY = 1e-15
#: Most visits to follow paths for; real data needs a few hundred.
_MOST_STEPS = 5_000
_MILLIONTH = Decimal("0.000001")


@dataclass(frozen=True)
class Chain:
    """An absorbing chain of visits.

    Attributes:
        transitions: Q, states × states: probabilities of the next state; state 0 is the start.
        converting: r, per state: probability that the path converts directly.
        last_channel: Per state: number of its last channel, from 1; 0 for the start.
        channels: The number of channels.
    """

    transitions: "csr_matrix"
    converting: "np.ndarray"
    last_channel: "np.ndarray"
    channels: int


def markov_channels(visits: "pa.Table") -> "pa.Table":
    """Removal effects and classical totals of every channel, for orders 1 to 3.

    An order with more channels than :data:`MARKOV_CHANNELS` allows is left out, with a warning:
    its states would take too much memory and time for a daily run.

    Args:
        visits: Rows of ``sql/attribution/markov_channels.sql``, in any order: a visit to
            ``channel_name`` after three others (NULL: the path started later), how often it
            occurred (``visits``), and how often a conversion followed directly (``conversions``).

    Returns:
        The columns of ``marts.markov_channels``.
    """
    import numpy as np  # noqa: PLC0415 - definitions are loaded without it

    names = sorted(visits["channel_name"].unique().to_pylist())
    conversions = sum(visits["conversions"].to_pylist())
    revenue = visits["revenue_of_all"][0].as_py() if names else None
    rows: list[tuple[object, ...]] = []
    for order, most in MARKOV_CHANNELS.items():
        effects = _effects_of_order(visits, names, order, most) if names else None
        if effects is None:
            continue
        total = float(np.sum(effects))
        shares = [effect / total if total > 0 else None for effect in effects.tolist()]
        parts = _shared_out(revenue, shares)
        rows += [
            (order, name, effect, share, share and share * conversions, part)
            for name, effect, share, part in zip(
                names, effects.tolist(), shares, parts, strict=True
            )
        ]
    return arrow_table(CONTRACT, rows)


def chain(visits: "pa.Table", names: list[str], order: int) -> Chain:
    """The chain of an order, from counted visits.

    Args:
        visits: As for :func:`markov_channels`.
        names: Names of the channels, in the order of their numbers.
        order: Number of channels in a state, 1 to 3.
    """
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    known = pa.array(names, pa.string())

    def numbers(column: str) -> "np.ndarray":
        """Numbers of the channels; 0 before the start of the path."""
        found = pc.index_in(visits[column].cast(pa.string()), value_set=known)
        number: np.ndarray = pc.add(pc.fill_null(found, -1), 1).to_numpy().astype(np.int64)
        return number

    channel = numbers("channel_name")
    before = [numbers(column) for column in _BEFORE[:order]]
    base = len(names) + 1
    source = sum(number * base**index for index, number in enumerate(before))
    target = channel + sum(
        number * base**index for index, number in enumerate(before[: order - 1], start=1)
    )
    keys, states = np.unique(np.concatenate([[0], source, target]), return_inverse=True)
    source, target = np.split(states[1:], 2)
    size = len(keys)
    counts = visits["visits"].to_numpy().astype(float)
    converted = visits["conversions"].to_numpy().astype(float)
    seen = np.bincount(target, counts, size)
    # Every path leaves the start once, with a visit that has none before it.
    seen[0] = counts[source == 0].sum()
    transitions = csr_matrix((counts / seen[source], (source, target)), shape=(size, size))
    converting = np.bincount(target, converted, size) / seen
    return Chain(transitions, converting, keys % base, len(names))


def removal_effects(of: Chain, order: int) -> "np.ndarray | None":
    """Share of conversions lost per channel if it leads nowhere.

    All 0 if nothing converts; None if :data:`_MOST_STEPS` are not enough for the longest paths.
    """
    return _by_solving(of) if order == 1 else _by_following(of)


def _by_solving(of: Chain) -> "np.ndarray":
    """Order 1: with N = (I - Q)^-1 and p = N r, the effect of k is N[0,k] p[k] / (N[k,k] p[0]).

    N[0,k] / N[k,k] is the probability of ever reaching k, p[k] that of a conversion from there.
    """
    import numpy as np  # noqa: PLC0415

    fundamental = np.linalg.inv(np.eye(len(of.last_channel)) - of.transitions.toarray())
    converts = fundamental @ of.converting
    if converts[0] <= 0:
        return np.zeros(of.channels)
    reached = fundamental[0, 1:] / np.diag(fundamental)[1:]
    effects: np.ndarray = np.clip(reached * converts[1:] / converts[0], 0, 1)
    return effects


def _by_following(of: Chain) -> "np.ndarray | None":
    """Higher orders: all states that end in the channel are removed together, 1 - p0' / p0.

    p0 = sum of (Q^i r)[0] is added up until at most :data:`_ON_THEIR_WAY` of it can be missing:
    that is as exact as solving, and keeps Q sparse. Column 0 is the whole chain, column k the one
    without channel k.
    """
    import numpy as np  # noqa: PLC0415

    states = np.arange(1, len(of.last_channel))
    onward = of.transitions.T.tocsr()
    present = np.zeros((len(of.last_channel), of.channels + 1))
    present[0] = 1
    converted = np.zeros(of.channels + 1)
    if not of.converting.any():
        return np.zeros(of.channels)
    for _ in range(_MOST_STEPS):
        present = onward @ present
        present[states, of.last_channel[1:]] = 0
        converted += of.converting @ present
        if present[:, 0].sum() <= _ON_THEIR_WAY * converted[0]:
            effects: np.ndarray = np.clip(1 - converted[1:] / converted[0], 0, 1)
            return effects
    return None


def _effects_of_order(
    visits: "pa.Table", names: list[str], order: int, most: int
) -> "np.ndarray | None":
    """The removal effects; None, with a warning, if the order is left out."""
    if len(names) > most:
        _log.warning(
            "markov_channels leaves out order %d: %d channels, but the limit is %d",
            order,
            len(names),
            most,
        )
        return None
    effects = removal_effects(chain(visits, names, order), order)
    if effects is None:
        _log.warning(
            "markov_channels leaves out order %d: paths go on after %d sessions",
            order,
            _MOST_STEPS,
        )
    return effects


def _shared_out(money: Decimal | None, shares: list[float | None]) -> list[Decimal | None]:
    """Money split by shares, rounded down to six decimals; the first by name gets the remainder."""
    if money is None or not shares or shares[0] is None:
        return [None] * len(shares)
    parts = [(money * Decimal(share or 0)).quantize(_MILLIONTH, ROUND_DOWN) for share in shares]
    return [parts[0] + money - sum(parts), *parts[1:]]
