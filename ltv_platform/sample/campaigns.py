"""The planted plan: where customers come from, what they are worth, and what they cost.

Every economic truth of the sample starts here; the modules of the tables draw rows from the plan.
All money is in cents of the currency of the country or spend line.

Money is spent once and reported twice: campaign_costs has it by campaign, country and day, and
session_costs spreads the same money over the paid sessions of the campaign's channel
(`sessions.py`). So a channel costs what its campaigns cost. Conversions are the purchases of the
first 30 days (`touchpoints.py`), and nearly all sessions of a customer are on the channel of their
campaign, so ROAS by channel is near the D30 ROAS of the channel's campaigns, before refunds.
"""

from dataclasses import dataclass, field

COUNTRIES = ("US", "GB", "DE", "FR", "BR", "JP", None)
CURRENCIES = (None, "USD", "EUR", "GBP")  # None means the base currency, USD
BASE, EXPLICIT_BASE, EURO, POUND = range(len(CURRENCIES))
CURRENCY_OF_COUNTRY = (BASE, POUND, EURO, EURO, BASE, BASE, BASE)


@dataclass(frozen=True)
class Pace:
    """How buyers of a source buy.

    Attributes:
        first_days: The first purchase comes within this many days of the install.
        gap_hours: Mean hours between later purchases, times the customer's factor from GAPS.
        leave: Per cent chance of leaving for good after each purchase; equally likely values.
    """

    first_days: int
    gap_hours: int
    leave: tuple[int, ...]


# As in BG/NBD, buyers differ in how often they buy and how soon they leave; otherwise no model
# could tell them apart.
GAPS = (4, 15, 40, 80, 120, 180)  # quarters of the mean gap, equally likely
FAITHFUL = (2, 4, 8, 20, 40, 70)
FICKLE = (5, 10, 20, 40, 60, 80)
EARLY = Pace(first_days=1, gap_hours=36, leave=FAITHFUL)
STEADY = Pace(first_days=2, gap_hours=48, leave=FAITHFUL)
LATE = Pace(first_days=25, gap_hours=48, leave=FAITHFUL)
SELDOM = Pace(first_days=2, gap_hours=48, leave=FICKLE)

LOW_PRICES = (99, 149, 199, 299, 499)
MIDDLE_PRICES = (299, 499, 599, 699, 999)
HIGH_PRICES = (999, 1299, 1499, 1999, 2499)

CHANNELS = (
    *("Paid Search", "App Store Search", "Paid Social", "Connected TV"),
    *("Organic Search", "Direct Traffic", "Email", "Referral"),
)
# Per cent of sessions on each of CHANNELS, for customers acquired through one of them. Nearly all
# paid sessions are on the campaign's own channel; the others make the models disagree.
BY_SEARCH = (70, 0, 6, 2, 10, 8, 4, 0)
BY_APP_STORE = (4, 70, 6, 2, 8, 6, 4, 0)
BY_SOCIAL = (8, 0, 70, 2, 8, 8, 4, 0)
BY_ORGANIC = (0, 0, 0, 6, 60, 20, 6, 8)
BY_HABIT = (0, 0, 0, 4, 20, 62, 10, 4)
BY_REFERRAL = (0, 0, 0, 4, 14, 12, 4, 66)

ORGANIC = "(organic)"
UNKNOWN = "(unknown)"


@dataclass(frozen=True)
class SpendPlan:
    """How a campaign's spend is planned and reported.

    Attributes:
        per_install: Planned cents per install; the actual cost depends on the draws.
        lines: (country code or None, per cent of the day's spend); a country listed twice gives
            two lines with the same key, which add up.
        planned_share: Per mille of all customers that the budget was planned for.
        currency: Code of CURRENCIES.
        weekdays_only: No spend on Saturdays and Sundays, while installs go on.
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
        share: Per mille of all customers.
        countries: Per cent of customers for each of COUNTRIES.
        payers: Per cent of customers who buy at all.
        pace: When and how often payers buy.
        prices: Equally likely prices in cents.
        channel: The one of CHANNELS that brings these customers and receives the spend.
        sessions: Per cent of their sessions on each of CHANNELS, not counting their first session.
        spend: None for sources that cost nothing.
        installs_pause: On every ninth day nobody installs, although money is spent.
        runs: When it starts and ends, in per mille of the days of the sample.
    """

    acquisition_source: str | None
    share: int
    countries: tuple[int, ...]
    payers: int
    pace: Pace
    prices: tuple[int, ...]
    channel: str
    sessions: tuple[int, ...]
    campaign_id: str | None = None
    campaign_name: str = ""
    media_source: str = ""
    platform: str = ""
    objective: str = ""
    spend: SpendPlan | None = None
    installs_pause: bool = False
    runs: tuple[int, int] = (0, 1_000)
    label: str = field(init=False)

    def __post_init__(self) -> None:
        """Set the label under which reports group these customers (metrics.md section 2)."""
        organic = self.acquisition_source in (None, "direct", "organic_search")
        object.__setattr__(self, "label", self.campaign_id or (ORGANIC if organic else UNKNOWN))

    def days(self, days: int) -> range:
        """Return the days on which the source is active, in a sample of this many days."""
        begin, end = self.runs
        return range(days * begin // 1_000, days * end // 1_000)


SOURCES = (
    # Clearly profitable: D7 ROAS near 2.
    Source(
        campaign_id="google_us_search_brand",
        campaign_name="Google US Search (brand)",
        media_source="google_ads",
        platform="android",
        objective="app_install",
        acquisition_source="google_ads",
        share=160,
        countries=(82, 12, 0, 0, 2, 2, 2),
        payers=85,
        pace=STEADY,
        prices=MIDDLE_PRICES,
        channel="Paid Search",
        sessions=BY_SEARCH,
        spend=SpendPlan(per_install=400, lines=(("US", 85), ("GB", 15)), planned_share=160),
    ),
    # Looks bad at D7 (about 0.3) and has paid back by D30.
    Source(
        campaign_id="meta_us_prospecting",
        campaign_name="Meta US, prospecting",
        media_source="meta_ads",
        platform="ios",
        objective="purchase",
        acquisition_source="meta_ads",
        share=220,
        countries=(86, 6, 1, 1, 2, 2, 2),
        payers=80,
        pace=LATE,
        prices=MIDDLE_PRICES,
        channel="Paid Social",
        sessions=BY_SOCIAL,
        # Two ad sets report the same (campaign, country, day): lines of one key that add up.
        spend=SpendPlan(
            per_install=650, lines=(("US", 55), ("US", 35), ("GB", 10)), planned_share=220
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
        payers=85,
        pace=EARLY,
        prices=HIGH_PRICES,
        channel="App Store Search",
        sessions=BY_APP_STORE,
        spend=SpendPlan(per_install=11_000, lines=((None, 100),), planned_share=60),
    ),
    # The mirror image: very cheap installs that hardly pay back within a quarter; also new.
    Source(
        campaign_id="tiktok_br_lookalike",
        campaign_name="TikTok BR lookalike",
        media_source="tiktok_ads",
        platform="android",
        objective="app_install",
        acquisition_source="tiktok_ads",
        share=160,
        countries=(2, 0, 0, 1, 95, 0, 2),
        payers=50,
        pace=SELDOM,
        prices=LOW_PRICES,
        channel="Paid Social",
        sessions=BY_SOCIAL,
        spend=SpendPlan(per_install=340, lines=((None, 100),), planned_share=160),
        runs=(500, 1_000),
    ),
    # Around break-even, bought in euro; on some days money is spent and nobody installs.
    Source(
        campaign_id="google_de_performance_max",
        campaign_name="Google DE Performance Max",
        media_source="google_ads",
        platform="web",
        objective="purchase",
        acquisition_source="google_ads",
        share=110,
        countries=(2, 1, 78, 17, 0, 0, 2),
        payers=80,
        pace=STEADY,
        prices=MIDDLE_PRICES,
        channel="Paid Search",
        sessions=BY_SEARCH,
        spend=SpendPlan(
            per_install=700, lines=(("DE", 80), ("FR", 20)), planned_share=110, currency=EURO
        ),
        installs_pause=True,
    ),
    # Good, but a small base; no spend on weekends, while people still install.
    Source(
        campaign_id="meta_jp_retargeting",
        campaign_name="Meta JP retargeting",
        media_source="meta_ads",
        platform="ios",
        objective="re_engagement",
        acquisition_source="meta_ads",
        share=40,
        countries=(2, 0, 0, 0, 0, 96, 2),
        payers=80,
        pace=STEADY,
        prices=MIDDLE_PRICES,
        channel="Paid Social",
        sessions=BY_SOCIAL,
        spend=SpendPlan(
            per_install=1_000, lines=(("JP", 100),), planned_share=40, weekdays_only=True
        ),
        runs=(600, 1_000),
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
        payers=72,
        pace=SELDOM,
        prices=LOW_PRICES,
        channel="Referral",
        sessions=BY_REFERRAL,
    ),
    # Spend without any install, for some weeks.
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
        pace=SELDOM,
        prices=LOW_PRICES,
        channel="Connected TV",
        sessions=BY_ORGANIC,
        spend=SpendPlan(per_install=3_000, lines=((None, 100),), planned_share=30),
        runs=(700, 850),
    ),
    Source(
        acquisition_source="organic_search",
        share=90,
        countries=(40, 15, 12, 10, 12, 8, 3),
        payers=72,
        pace=STEADY,
        prices=MIDDLE_PRICES,
        channel="Organic Search",
        sessions=BY_ORGANIC,
    ),
    Source(
        acquisition_source="direct",
        share=50,
        countries=(40, 15, 12, 10, 12, 8, 3),
        payers=72,
        pace=STEADY,
        prices=MIDDLE_PRICES,
        channel="Direct Traffic",
        sessions=BY_HABIT,
    ),
    Source(
        acquisition_source=None,
        share=30,
        countries=(40, 15, 12, 10, 12, 8, 3),
        payers=50,
        pace=SELDOM,
        prices=LOW_PRICES,
        channel="Direct Traffic",
        sessions=BY_HABIT,
    ),
    # Named, but neither a campaign nor organic: reported as (unknown).
    Source(
        acquisition_source="partner_x",
        share=40,
        countries=(30, 20, 15, 15, 10, 7, 3),
        payers=72,
        pace=SELDOM,
        prices=LOW_PRICES,
        channel="Referral",
        sessions=BY_REFERRAL,
    ),
)

CAMPAIGNS = tuple(source for source in SOURCES if source.campaign_id is not None)
CAMPAIGN_IDS = tuple(source.label for source in CAMPAIGNS)
LABELS = (*CAMPAIGN_IDS, ORGANIC, UNKNOWN)
LABEL_OF_SOURCE = tuple(LABELS.index(source.label) for source in SOURCES)
# Customers of a campaign that pauses or does not run come through search instead.
SOURCE_WHEN_PAUSED = next(
    code for code, source in enumerate(SOURCES) if source.acquisition_source == "organic_search"
)

CHANNEL_OF_SOURCE = tuple(CHANNELS.index(source.channel) for source in SOURCES)
CHANNEL_OF_CAMPAIGN = tuple(CHANNELS.index(campaign.channel) for campaign in CAMPAIGNS)
PAID_CHANNELS = tuple(
    any(each.spend is not None and each.channel == channel for each in CAMPAIGNS)
    for channel in CHANNELS
)

# Replaces a visit through a campaign that does not run.
CHANNEL_WHEN_PAUSED = CHANNELS.index("Organic Search")
