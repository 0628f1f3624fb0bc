"""Attribution tables: conversions read earlier sessions, sessions the credit they earn later."""

from ltv_platform.attribution.markov import markov_channels
from ltv_platform.parameters.attribution import attribution_parameters
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Derivation, Window


def attribution_derivations(settings: Settings) -> tuple[Derivation, ...]:
    """The group's wiring; windows follow the lookback."""
    parameters = attribution_parameters(settings)
    reach = parameters.reach_days
    lookback, lookahead = Window(before=reach), Window(after=reach)
    earlier = {"core.conversions": lookback} if parameters.break_at_conversion else {}
    return (
        Derivation(
            "marts.customer_journeys", "attribution", {"core.sessions": lookback, **earlier}
        ),
        Derivation("marts.ihc_attribution", "attribution"),
        Derivation("marts.attribution_customer_journey", "attribution"),
        Derivation("marts.attribution", "attribution", adds=("markov_path",)),
        Derivation("marts.markov_channels", "attribution", fit=markov_channels),
        Derivation(
            "marts.channel_reporting",
            "attribution",
            {"marts.attribution": lookahead, "core.conversions": Window(before=None)},
            settles=reach,
        ),
        Derivation("marts.channel_reporting_by_conversion_date", "attribution"),
        Derivation("marts.channel_model_comparison", "attribution"),
    )
