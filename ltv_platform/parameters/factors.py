"""The factors, and how many customers a level needs for its own estimate."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ltv_platform.settings import Settings

#: Factors of the model, in the order in which they enter it: if two apply to nearly the same
#: customers, the earlier one keeps the shared effect. A country says more than its cities.
FACTORS = (
    "country",
    "city",
    "age_band",
    "gender",
    "acquisition_source",
    "segment",
    "product_category",
    "payment_method",
    "interaction_type",
    "channel",
    "satisfaction",
)
#: Shown, but never in the model, because it is an outcome: customers are active because they buy.
OUTCOMES = ("is_active",)
#: The row of all customers; lifts are relative to its average.
ALL = "(all)"


@dataclass(frozen=True)
class FactorParameters:
    """Parameters of the SELECT.

    Attributes:
        factors: Factors of the model.
        outcomes: Factors that are only shown.
        first_days: First days of a customer, from which behavior is taken.
        last_day: The target is the net revenue of the days after those, up to this one.
        min_customers: Levels with fewer customers are merged in the model.
    """

    factors: tuple[str, ...]
    outcomes: tuple[str, ...]
    first_days: int
    last_day: int
    min_customers: int


def factor_parameters(settings: "Settings") -> FactorParameters:
    """The parameters for some settings."""
    return FactorParameters(FACTORS, OUTCOMES, 30, 180, settings.factor_min_customers)
