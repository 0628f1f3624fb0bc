"""Which factors there are, and from how many customers on a level is judged by itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ltv_platform.settings import Settings

#: Factors of the model, in the order in which they enter it: of two that nearly the same customers
#: have, the earlier one keeps what they share. A country says more than its cities do.
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
#: Shown, never in the model: it is an outcome. Customers are active because they buy.
OUTCOMES = ("is_active",)
#: The row of all customers, against whose average the lifts stand.
ALL = "(all)"


@dataclass(frozen=True)
class FactorParameters:
    """What the SELECT is rendered with.

    Attributes:
        factors: Factors of the model.
        outcomes: Factors that are only shown.
        first_days: Days of life that behaviour is taken from.
        last_day: The target is the net revenue of the days after those, up to this one.
        min_customers: Fewer customers make no level of their own in the model.
    """

    factors: tuple[str, ...]
    outcomes: tuple[str, ...]
    first_days: int
    last_day: int
    min_customers: int


def factor_parameters(settings: "Settings") -> FactorParameters:
    """The parameters under given settings."""
    return FactorParameters(FACTORS, OUTCOMES, 30, 180, settings.factor_min_customers)
