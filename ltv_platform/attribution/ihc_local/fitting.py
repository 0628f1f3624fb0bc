"""Fits the nine constants of the local IHC engine to answers of the API.

The time scale of IHC is trained per conversion type, and constants of another type are worse than
linear attribution. A fitted engine is still an open approximation.
"""

import hashlib
from dataclasses import asdict, dataclass, field

import numpy as np

from ltv_platform.attribution.ihc_local.answered_journeys import AnsweredJourneys, Flags, Floats
from ltv_platform.attribution.ihc_local.evaluation import Distance, distance
from ltv_platform.errors import UserError
from ltv_platform.parameters.ihc import PRESETS, IhcParameters

#: Least number of journeys with two or more sessions: the constants are fitted to half of them,
#: some sixty sessions; with fewer they would be guesswork.
FEWEST_JOURNEYS = 50
#: Most journeys to fit to; more take minutes and change no digit.
_MOST_JOURNEYS = 10_000
#: Factors on the hours of a preset to start from: goods bought weekly or yearly.
_TIME_SCALES = (1 / 8, 1 / 4, 1 / 2, 1, 2, 4)
#: Number of best starts from which the search continues.
_STARTS = 4
#: Relative step of a numerical slope: a smaller one misses pauses that cross the window.
_STEP = 1e-3

#: Points (share in the two outer phases, strength of holding), linearly interpolated.
_HOLDING = (0, 0.5, 1, 2), (1, 0.7, 0.25, 0)

#: Bounds of each coordinate of the search, in the order of `_coordinates`.
_LEAST = np.array([0, 0, 0.2, 0, -4, -1, 0.02, 0.02])
_GREATEST = np.array([np.log(8760), 0.95, 8, 1, 5, 9, 0.98, 0.98])


@dataclass(frozen=True)
class Fit:
    """Fitted constants with their distance, compared with the best preset on the same journeys.

    Attributes:
        parameters: The constants, rounded to 12 significant digits.
        best_preset: The preset with the least squares on the fitted half.
        journeys: Journeys of two or more sessions in the fitted half and in the other.
        distances: Distances by (preset or "fitted", whether the half was held out).
    """

    parameters: IhcParameters
    best_preset: str
    journeys: tuple[int, int]
    distances: dict[tuple[str, bool], Distance] = field(default_factory=dict)


def local_ihc(journeys: AnsweredJourneys, constants: IhcParameters) -> Floats:
    """The local engine on arrays, because a fit runs it thousands of times.

    The engine is ``sql/macros/ihc_local.sql``; a test verifies that both agree to 1e-9.

    Returns:
        ihc of each row, adding up to 1 per journey.
    """
    return _Engine(journeys)(constants)


class _Engine:
    """The steps of ``sql/macros/ihc_local.sql`` on arrays, a row per session."""

    def __init__(self, journeys: AnsweredJourneys) -> None:
        self._starts, self._journey = journeys.starts, journeys.journey
        self._pause = np.nan_to_num(journeys.column("seconds_since_previous")) / 3600
        self._to_last = journeys.column("seconds_to_last") / 3600
        seen = ~journeys.column("impression_interaction")
        is_last = journeys.position == journeys.sessions
        self._closes = (journeys.column("closer_engagement") | is_last) & seen
        self._holds = journeys.column("holder_engagement") & seen
        self._row = np.arange(len(self._pause))

    def __call__(self, constants: IhcParameters) -> Floats:
        window, pause = constants.window_hours, constants.pause_hours
        start = self._starts[self._journey]
        begins = self._spread(np.maximum, np.where(self._pause > window, self._row, start))
        live = self._row >= begins
        pauses = np.clip((self._pause - pause) / (window - pause), 0, 1) ** constants.exponent
        initiation = np.where(self._row == begins, 1, live * pauses)
        decay = constants.fast_share * np.exp(-self._to_last / constants.fast_hours)
        decay += (1 - constants.fast_share) * np.exp(-self._to_last / constants.slow_hours)
        closing = live * self._closes * decay * np.maximum(1 - self._to_last / window, 0)
        initializer, _ = self._shares(initiation)
        closer, is_closed = self._shares(closing)
        holding = np.interp(initializer + closer, *_HOLDING)
        holder, is_held = self._shares(live * self._holds * holding)
        first, middle, last = (
            constants.initializer_weight,
            constants.holder_weight,
            constants.closer_weight,
        )
        mixed: Floats = first * initializer + middle * holder + last * closer
        return mixed / (first + middle * is_held + last * is_closed)

    def _spread(self, reduce: np.ufunc, values: Floats) -> Floats:
        """A value per journey, repeated for each of its rows."""
        spread: Floats = reduce.reduceat(values, self._starts)[self._journey]
        return spread

    def _shares(self, values: Floats) -> tuple[Floats, Flags]:
        """Shares of the sum over the journey, and whether the sum is positive."""
        rounded = np.round(values, 15)
        totals = self._spread(np.add, rounded)
        return rounded / np.where(totals > 0, totals, 1), totals > 0


def fit(journeys: AnsweredJourneys) -> Fit:
    """Fit the constants by least squares over the sessions of one half of the journeys.

    The halves are drawn by a hash of the conversion's id, so that the same answers give the same
    fit. The search starts from presets, at their own time scale and at others.

    Raises:
        UserError: there are too few answers.
    """
    if journeys.long_journeys < FEWEST_JOURNEYS:
        raise UserError(
            f"There are answers to {journeys.long_journeys} complete journeys of two or more "
            f"sessions; {FEWEST_JOURNEYS} are needed to fit nine constants to one half and to "
            "test them on the other.",
            "Use a preset until there are more: LTV_IHC_PRESET=published, long or short.",
        )
    draws = _draws(journeys)
    held_out = draws % 2 == 1
    halves = {side: journeys.where(held_out == side) for side in (False, True)}
    searched = _at_most(halves[False].where(halves[False].sessions[halves[False].starts] > 1))
    parameters = _search(searched)
    engine = _Engine(searched)
    squares = {
        name: float(np.square(engine(preset) - searched.ihc).sum())
        for name, preset in PRESETS.items()
    }
    best = min(squares, key=squares.__getitem__)
    return Fit(
        parameters,
        best,
        (halves[False].long_journeys, halves[True].long_journeys),
        {
            (name, side): distance(half, local_ihc(half, constants))
            for side, half in halves.items()
            for name, constants in (("fitted", parameters), (best, PRESETS[best]))
        },
    )


def _draws(journeys: AnsweredJourneys) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    """A pseudo-random number per journey that only depends on its conversion's id."""
    ids = journeys.column("conv_id")[journeys.starts]
    digests = (hashlib.sha256(str(name).encode()).digest() for name in ids)
    return np.fromiter((int.from_bytes(digest[:8], "big") for digest in digests), np.uint64)


def _at_most(journeys: AnsweredJourneys) -> AnsweredJourneys:
    """The journeys with the smallest draws, as many as the search uses."""
    if journeys.starts.size <= _MOST_JOURNEYS:
        return journeys
    draws = _draws(journeys)
    return journeys.where(draws <= np.partition(draws, _MOST_JOURNEYS - 1)[_MOST_JOURNEYS - 1])


def _search(journeys: AnsweredJourneys) -> IhcParameters:
    from scipy.optimize import least_squares, minimize  # noqa: PLC0415

    engine = _Engine(journeys)

    def misses(coordinates: Floats) -> Floats:
        return engine(_constants(np.clip(coordinates, _LEAST, _GREATEST))) - journeys.ihc

    def squares(coordinates: Floats) -> float:
        return float(np.square(misses(coordinates)).sum())

    starts = sorted(
        (_coordinates(preset, scale) for preset in PRESETS.values() for scale in _TIME_SCALES),
        key=squares,
    )
    ends = [
        least_squares(
            misses, start, bounds=(_LEAST, _GREATEST), diff_step=_STEP, x_scale="jac", max_nfev=60
        ).x
        for start in starts[:_STARTS]
    ]
    # The squares jump when a pause crosses the window; a simplex can handle that.
    polished = minimize(
        squares,
        min([*ends, starts[0]], key=squares),
        method="Nelder-Mead",
        options={"maxfev": 2_000, "xatol": 1e-7, "fatol": 1e-12},
    ).x
    found = _constants(np.clip(polished, _LEAST, _GREATEST))
    return IhcParameters(**{name: float(f"{value:.12g}") for name, value in asdict(found).items()})


def _coordinates(constants: IhcParameters, scale: float) -> Floats:
    """Search coordinates of constants with their hours multiplied by a factor.

    Hours as logarithms, the pause as its share of the window, and the weights of holder and closer.
    """
    raw = np.array(
        [
            np.log(constants.window_hours * scale),
            constants.pause_hours / constants.window_hours,
            constants.exponent,
            constants.fast_share,
            np.log(constants.fast_hours * scale),
            np.log(constants.slow_hours * scale),
            constants.holder_weight,
            constants.closer_weight / (1 - constants.holder_weight),
        ]
    )
    inside = 1e-6 * (_GREATEST - _LEAST)
    coordinates: Floats = np.clip(raw, _LEAST + inside, _GREATEST - inside)
    return coordinates


def _constants(coordinates: Floats) -> IhcParameters:
    """The constants at search coordinates; the inverse of `_coordinates`."""
    window, pause, exponent, fast_share, fast, slow, holder, closer = map(float, coordinates)
    hours = float(np.exp(window))
    return IhcParameters(
        window_hours=hours,
        pause_hours=hours * pause,
        exponent=exponent,
        fast_share=fast_share,
        fast_hours=float(np.exp(fast)),
        slow_hours=float(np.exp(slow)),
        initializer_weight=(1 - holder) * (1 - closer),
        holder_weight=holder,
        closer_weight=(1 - holder) * closer,
    )
