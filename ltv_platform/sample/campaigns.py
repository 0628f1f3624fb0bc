"""The planted plan: where customers come from, what they are worth, and what they cost.

Every economic truth of the sample starts here. How rows are drawn from the plan belongs to the
modules of the tables. All money is in cents of the currency of the country or spend line.
"""

from dataclasses import dataclass, field

COUNTRIES = ("US", "GB", "DE", "FR", "BR", "JP", None)
CURRENCIES = (None, "USD", "EUR", "GBP")  # None means the base currency, USD
BASE, EXPLICIT_BASE, EURO, POUND = range(len(CURRENCIES))
CURRENCY_OF_COUNTRY = (BASE, POUND, EURO, EURO, BASE, BASE, BASE)

# A purchase happens at an age (days since install) in one of these half-open bands. The last one
# reaches past 365 days, so that long samples have revenue beyond the longest horizon.
AGE_BANDS = ((0, 1), (1, 3), (3, 7), (7, 14), (14, 30), (30, 60), (60, 120), (120, 240), (240, 480))
EARLY = (30, 18, 14, 12, 11, 7, 4, 2, 2)  # 62 % of purchases within D7
STEADY = (18, 12, 14, 16, 17, 11, 6, 3, 3)  # 44 %
LATE = (6, 6, 7, 18, 28, 18, 9, 5, 3)  # 19 % within D7, 65 % within D30

LOW_PRICES = (99, 149, 199, 299, 499)
MIDDLE_PRICES = (299, 499, 599, 699, 999)
HIGH_PRICES = (999, 1299, 1499, 1999, 2499)

ORGANIC = "(organic)"
UNKNOWN = "(unknown)"


@dataclass(frozen=True)
class SpendPlan:
    """How a campaign's spend is planned and reported.

    Attributes:
        per_install: planned cents per install; what an install really cost depends on the draws.
        lines: (country code or None, per cent of the day's spend); a country that stands twice
            gives two lines of one key, which add up.
        currency: a code of CURRENCIES.
        planned_share: per mille of all customers that the budget was planned for.
        weekdays_only: no spend on Saturdays and Sundays, while installs go on.
    """

    per_install: int
    lines: tuple[tuple[str | None, int], ...]
    planned_share: int
    currency: int = BASE
    weekdays_only: bool = False


@dataclass(frozen=True)
class Source:
    """Where a customer comes from: a campaign, or an acquisition source without one.

    Attributes:
        share: per mille of all customers.
        countries: per cent of customers for each of COUNTRIES.
        payers: per cent of customers who buy at all.
        purchases: fewest and most purchases of a payer.
        ages: per cent of purchases in each of AGE_BANDS.
        prices: equally likely prices in cents.
        spend: None for sources that cost nothing.
        installs_pause: on every ninth day nobody installs, although money is spent.
    """

    acquisition_source: str | None
    share: int
    countries: tuple[int, ...]
    payers: int
    purchases: tuple[int, int]
    ages: tuple[int, ...]
    prices: tuple[int, ...]
    campaign_id: str | None = None
    campaign_name: str = ""
    media_source: str = ""
    platform: str = ""
    objective: str = ""
    spend: SpendPlan | None = None
    installs_pause: bool = False
    label: str = field(init=False)

    def __post_init__(self) -> None:
        """Name the group that reports place these customers in (metrics.md section 2)."""
        organic = self.acquisition_source in (None, "direct", "organic_search")
        object.__setattr__(self, "label", self.campaign_id or (ORGANIC if organic else UNKNOWN))


SOURCES = (
    # Clearly profitable: D7 ROAS above 2.
    Source(
        campaign_id="google_us_search_brand",
        campaign_name="Google US Search (brand)",
        media_source="google_ads",
        platform="android",
        objective="app_install",
        acquisition_source="google_ads",
        share=160,
        countries=(82, 12, 0, 0, 2, 2, 2),
        payers=60,
        purchases=(3, 9),
        ages=STEADY,
        prices=MIDDLE_PRICES,
        spend=SpendPlan(per_install=400, lines=(("US", 85), ("GB", 15)), planned_share=160),
    ),
    # Looks bad at D7 (about 0.4) and has paid back by D30.
    Source(
        campaign_id="meta_us_prospecting",
        campaign_name="Meta US, prospecting",
        media_source="meta_ads",
        platform="ios",
        objective="purchase",
        acquisition_source="meta_ads",
        share=220,
        countries=(86, 6, 1, 1, 2, 2, 2),
        payers=50,
        purchases=(4, 10),
        ages=LATE,
        prices=MIDDLE_PRICES,
        # Two ad sets report the same (campaign, country, day): lines of one key that add up.
        spend=SpendPlan(
            per_install=1_000, lines=(("US", 55), ("US", 35), ("GB", 10)), planned_share=220
        ),
    ),
    # The trap: by far the highest LTV, and an even higher price per install. Never pays back.
    Source(
        campaign_id="apple_search_premium",
        campaign_name="Apple Search Ads premium",
        media_source="apple_search_ads",
        platform="ios",
        objective="app_install",
        acquisition_source="apple_search_ads",
        share=60,
        countries=(60, 14, 8, 6, 0, 10, 2),
        payers=70,
        purchases=(4, 8),
        ages=EARLY,
        prices=HIGH_PRICES,
        spend=SpendPlan(per_install=11_000, lines=((None, 100),), planned_share=60),
    ),
    # The mirror image: cheap installs that are worth even less.
    Source(
        campaign_id="tiktok_br_lookalike",
        campaign_name="TikTok BR lookalike",
        media_source="tiktok_ads",
        platform="android",
        objective="app_install",
        acquisition_source="tiktok_ads",
        share=160,
        countries=(2, 0, 0, 1, 95, 0, 2),
        payers=25,
        purchases=(1, 5),
        ages=EARLY,
        prices=LOW_PRICES,
        spend=SpendPlan(per_install=220, lines=((None, 100),), planned_share=160),
    ),
    # Around break-even at D7, bought in euro; on some days money is spent and nobody installs.
    Source(
        campaign_id="google_de_performance_max",
        campaign_name="Google DE Performance Max",
        media_source="google_ads",
        platform="web",
        objective="purchase",
        acquisition_source="google_ads",
        share=110,
        countries=(2, 1, 78, 17, 0, 0, 2),
        payers=50,
        purchases=(3, 9),
        ages=STEADY,
        prices=MIDDLE_PRICES,
        spend=SpendPlan(
            per_install=700, lines=(("DE", 80), ("FR", 20)), planned_share=110, currency=EURO
        ),
        installs_pause=True,
    ),
    # Good, but a small base; nobody spends at weekends, when people install all the same.
    Source(
        campaign_id="meta_jp_retargeting",
        campaign_name="Meta JP retargeting",
        media_source="meta_ads",
        platform="ios",
        objective="re_engagement",
        acquisition_source="meta_ads",
        share=40,
        countries=(2, 0, 0, 0, 0, 96, 2),
        payers=65,
        purchases=(4, 10),
        ages=STEADY,
        prices=MIDDLE_PRICES,
        spend=SpendPlan(
            per_install=1_000, lines=(("JP", 100),), planned_share=40, weekdays_only=True
        ),
    ),
    # Installs without any spend.
    Source(
        campaign_id="creator_gifting",
        campaign_name="Creator gifting",
        media_source="creators",
        platform="ios",
        objective="awareness",
        acquisition_source="creators",
        share=40,
        countries=(50, 20, 5, 15, 5, 3, 2),
        payers=40,
        purchases=(2, 6),
        ages=STEADY,
        prices=LOW_PRICES,
    ),
    # Spend without any install.
    Source(
        campaign_id="ctv_awareness_pilot",
        campaign_name="Connected TV awareness pilot",
        media_source="ctv",
        platform="tv",
        objective="awareness",
        acquisition_source="ctv",
        share=0,
        countries=(100, 0, 0, 0, 0, 0, 0),
        payers=0,
        purchases=(1, 1),
        ages=EARLY,
        prices=LOW_PRICES,
        spend=SpendPlan(per_install=500, lines=((None, 100),), planned_share=30),
    ),
    Source(
        acquisition_source="organic_search",
        share=90,
        countries=(40, 15, 12, 10, 12, 8, 3),
        payers=35,
        purchases=(2, 8),
        ages=STEADY,
        prices=MIDDLE_PRICES,
    ),
    Source(
        acquisition_source="direct",
        share=50,
        countries=(40, 15, 12, 10, 12, 8, 3),
        payers=45,
        purchases=(2, 8),
        ages=STEADY,
        prices=MIDDLE_PRICES,
    ),
    Source(
        acquisition_source=None,
        share=30,
        countries=(40, 15, 12, 10, 12, 8, 3),
        payers=30,
        purchases=(2, 6),
        ages=STEADY,
        prices=LOW_PRICES,
    ),
    # Named, but neither a campaign nor organic: reported as (unknown).
    Source(
        acquisition_source="partner_x",
        share=40,
        countries=(30, 20, 15, 15, 10, 7, 3),
        payers=35,
        purchases=(2, 6),
        ages=STEADY,
        prices=LOW_PRICES,
    ),
)

CAMPAIGNS = tuple(source for source in SOURCES if source.campaign_id is not None)
CAMPAIGN_IDS = tuple(source.label for source in CAMPAIGNS)
LABELS = (*CAMPAIGN_IDS, ORGANIC, UNKNOWN)
LABEL_OF_SOURCE = tuple(LABELS.index(source.label) for source in SOURCES)
# Who would have come through a pausing campaign finds the product by search instead.
SOURCE_WHEN_PAUSED = next(
    code for code, source in enumerate(SOURCES) if source.acquisition_source == "organic_search"
)
