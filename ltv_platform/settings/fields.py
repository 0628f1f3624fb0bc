"""Every setting, with its default, its description and what changing it costs.

``load`` reads them and says which values are wrong; docs/settings.md is rendered from this
module.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from ltv_platform.parameters.redistribution import Redistribution
from ltv_platform.settings.declaration import setting
from ltv_platform.settings.home import Home
from ltv_platform.settings.values import (
    LONGEST_AGE,
    Address,
    Currency,
    Day,
    Days,
    Instant,
    Memory,
    Moves,
    Options,
    SecretAddress,
    Words,
    Zone,
)

#: The one variable without our prefix; its name is that of the API's own documentation.
API_KEY = "IHC_API_KEY"

_REFUND_TYPES = (
    "refund refunded partial_refund partially_refunded return returned reversal reversed "
    "chargeback void voided authorization cancelled canceled"
)


class SettingFields(Home):
    """The fields of :class:`ltv_platform.settings.Settings`."""

    timezone: Zone = setting(
        "UTC",
        "Reporting zone: its calendar days are the days.",
        "IANA name of a zone",
        note="All tables go by it.",
        rebuilds=(
            *("conversions", "customers", "interactions", "sessions", "transactions"),
            "waiting_for_rate",
        ),
    )
    source_timezone: Zone = setting(
        "UTC", "Zone of timestamps that carry none.", "IANA name of a zone", loads=True
    )
    currency: Currency = setting(
        "USD",
        "Base currency of all money (ISO 4217).",
        "three capital letters",
        note="All tables with money go by it.",
        rebuilds=("campaign_spend", "transactions", "waiting_for_rate"),
    )
    as_of: Day = setting(
        None,
        "Last day included in the figures; default: the newest event's day.",
        "day, as in `2026-03-01`",
        note="The event days between the old and the new one are rewritten.",
    )
    start_date: Day = setting(
        None,
        "First partition; default: settled by the first load.",
        "day, as in `2026-03-01`",
        note="Rows before it are quarantined: move it earlier, and `ltv quarantine replay` loads "
        "them. Loaded rows before it do not count while it is set.",
        loads=True,
        rebuilds=(
            *("conversions", "customers", "interactions", "sessions", "transactions"),
            "waiting_for_rate",
        ),
    )
    horizons: Days = setting(
        (1, 3, 7, 14, 30, 60, 90, 180, 365),
        "Ages in days of LTV and ROAS columns.",
        "days, separated by commas",
        note="Must contain 7: summaries and ranks go by it.",
        rebuilds=("campaign_cohort_curve", "campaign_ltv", "revenue_reconciliation"),
    )
    user_horizons: Days = setting(
        (7,),
        "Ages in days of user_revenue columns.",
        "days, separated by commas",
        rebuilds=("user_revenue",),
    )
    window: Literal["hours", "calendar"] = setting(
        "hours",
        "hours: N x 24 h after install; calendar: N reporting days.",
        rebuilds=(
            *("campaign_cohort_curve", "campaign_ltv", "customer_cohort_curve"),
            *("customer_retention", "ltv_influencing_factors", "revenue_reconciliation"),
            "user_revenue",
        ),
    )
    organic_sources: Words = setting(
        ("organic*", "direct"),
        "Acquisition sources that are organic when no campaign is given.",
        rebuilds=("customers",),
    )
    refund_types: Words = setting(
        tuple(_REFUND_TYPES.split()),
        "Words of transaction_type that mean no purchase: is_refund must be 1.",
        note="In any case, with any blanks and hyphens in them. With `is_refund` 0 the row is "
        "quarantined.",
        loads=True,
    )
    missing_words: Words = setting(
        ("n/a", "null", "none", "(not set)", "undefined", "-"),
        "Words that stand for no campaign or acquisition source, in any case.",
        note="For no country, too.",
        rebuilds=("campaign_spend", "customers"),
    )
    adapter_options: Options = setting(
        {},
        "What bundled and own adapters take for granted, as in "
        '{"shopify_orders": {"revenue": "total"}}.',
        "JSON",
        note="See [options of formats](exports.md#what-holds-for-all-of-them). A loaded file "
        "keeps the choice that it was loaded with until it is loaded again.",
        loads=True,
    )
    id_salt: SecretStr | None = setting(
        None,
        "Key of the hashes that stand for e-mail addresses; default: a random one, "
        "kept in LTV_HOME/id.salt.",
        "a secret, never shown",
        note="With another one, every such customer has another id "
        "in the files that are loaded from then on.",
        loads=True,
    )
    migration_days: int = setting(
        90,
        "Days back to the segments that customers came from.",
        "days",
        note="`rfm_migration` starts from these.",
        rebuilds=("rfm_migration",),
        ge=1,
        le=LONGEST_AGE,
    )
    journey_lookback: int | None = setting(
        90,
        "Days before a conversion that its journey reaches; none: no limit.",
        "days of 24 hours",
        rebuilds=("customer_journeys",),
        ge=1,
        le=LONGEST_AGE,
    )
    journey_sessions: int = setting(
        1_000,
        "Latest sessions that a journey holds.",
        "sessions",
        note="The check `journeys_are_whole` warns where that leaves some out.",
        rebuilds=("customer_journeys",),
        ge=1,
    )
    journey_boundary: Literal["at_or_before", "before"] = setting(
        "at_or_before",
        "Whether a session at the second of a conversion belongs to it.",
        note="`before`: it does not.",
        rebuilds=("customer_journeys",),
    )
    journey_break: bool = setting(
        False,
        "A conversion ends the journey; the next one begins after it.",
        rebuilds=("customer_journeys",),
    )
    direct_channels: Words = setting(
        ("Direct", "Direct Traffic", "(direct)", "(none)"),
        "Channels that last_non_direct passes over, in any case.",
        rebuilds=("attribution",),
    )
    ihc_engine: Literal["auto", "local", "api"] = setting(
        "auto",
        "Who scores IHC; auto: the API where IHC_API_KEY is set.",
        rebuilds=("ihc_attribution",),
    )
    ihc_api_key: SecretStr | None = setting(
        None,
        "Key of the IHC API; never shown.",
        "a secret",
        note="The one variable without the prefix; it is never stored. Where `LTV_IHC_ENGINE` is "
        "`auto`, the first key rebuilds `ihc_attribution` and the tables that read it.",
        validation_alias=API_KEY,
    )
    ihc_url: Address = setting(
        "https://api.ihc-attribution.com", "Where the IHC API is reached.", "address"
    )
    ihc_conversion_type: str = setting(
        "",
        "The API's conv_type_id: which trained model scores.",
        "text",
        note="Needed to ask the API; another one asks for all journeys again.",
        rebuilds=("ihc_attribution",),
    )
    ihc_preset: Literal["published", "long", "short", "fitted"] = setting(
        "published", "Parameters of the local IHC engine.", rebuilds=("ihc_attribution",)
    )
    ihc_redistribution: Moves = setting(
        Redistribution(),
        "Moves of IHC credit between channels (JSON, as the API's).",
        "JSON",
        note="Another one asks the API for all journeys again.",
        rebuilds=("ihc_attribution",),
    )
    ihc_mixed_engines: bool = setting(
        False,
        "The local engine stands in for journeys that the API has not scored.",
        rebuilds=("ihc_attribution",),
    )
    ihc_request_journeys: int = setting(100, "Most journeys of a request.", "journeys", ge=1)
    ihc_request_sessions: int = setting(
        3000,
        "Most sessions of a request; longer journeys are scored locally.",
        "sessions",
        note="Free accounts: 200.",
        rebuilds=("ihc_attribution",),
        ge=1,
    )
    ihc_timeout: float = setting(30.0, "Seconds to wait for an answer of the API.", "seconds", gt=0)
    ihc_backoff: float = setting(
        0.5,
        "Seconds that the first wait before a retry takes at most.",
        "seconds",
        note="Each further wait takes up to twice as long.",
        ge=0,
    )
    forecast_horizons: Days = setting(
        (30, 90, 180, 365),
        "Days that forecasts of customers reach ahead, and ages of campaign forecasts.",
        "days, separated by commas",
        note="See [forecasts](forecasts.md).",
        rebuilds=(
            *("campaign_forecast_backtest", "campaign_ltv_forecast", "development_factors"),
            "purchase_forecasts",
        ),
    )
    forecast_holdout: int = setting(
        90,
        "Days that a back-test of forecasts holds out, at most a third of history.",
        "days",
        rebuilds=("forecast_backtest",),
        ge=1,
        le=LONGEST_AGE,
    )
    factor_min_customers: int = setting(
        10,
        "Fewer customers make no level of their own in the model of factors.",
        "customers",
        note="Smaller levels have no multiplier in `ltv_influencing_factors`.",
        rebuilds=("ltv_influencing_factors",),
        ge=1,
    )
    rejected_share: float = setting(
        0.01, "Share of quarantined rows above which a check warns.", "share", ge=0, le=1
    )
    alert_webhook: SecretAddress = setting(
        None,
        "Where alerts are sent, a Slack-compatible incoming webhook; never shown.",
        "address, a secret",
        note="See [alerts](operations.md#alerts). It is never stored.",
    )
    public_url: Address = setting(
        "http://127.0.0.1:3000",
        "Where people reach the UI; links of alerts lead there.",
        "address",
        note="Where it is not set, `ltv up` takes the address that it listens on.",
    )
    freshness_hours: float | None = setting(
        36.0,
        "Hours after which a feed without a newer event is late; none: never.",
        "hours",
        gt=0,
        le=24 * LONGEST_AGE,
    )
    refresh_attempts: int = setting(
        5, "Runs that the sensors start for the same cause before they give up.", "runs", ge=1
    )
    dagster_history: int = setting(
        30,
        "Days that Dagster's runs are kept.",
        "days",
        note="So are their events; each partition keeps its newest event.",
        ge=1,
        le=LONGEST_AGE,
    )
    snapshots: int = setting(
        3,
        "Published snapshots kept, the newest included.",
        "snapshots",
        note="A snapshot in use, or current until then, stays for ten more minutes.",
        ge=1,
    )
    backup_dir: Path | None = setting(
        None,
        "Where the daily schedule backs up to; default: no backups.",
        "path",
        note="`ltv backup` without a folder writes there, too. "
        "See [backups](operations.md#backups).",
    )
    backups: int = setting(
        7,
        "Backups that the daily schedule keeps in LTV_BACKUP_DIR.",
        "backups",
        ge=1,
    )
    engine: Literal["duckdb"] = Field("duckdb", description="Warehouse engine.")
    memory_limit: Memory = setting(
        "",
        "Memory of the engine, as in 1600MB; default: the engine's own.",
        "amount with its unit",
        note="Beyond it, the engine spills to disk.",
    )
    threads: int | None = setting(None, "Threads of the engine; default: cores.", "threads", ge=1)
    lock_timeout: float = setting(
        120.0, "Seconds to wait for another process that writes.", "seconds", ge=0
    )
    run_timeout: float = setting(
        3600.0,
        "Seconds that `ltv run` waits for another one to end.",
        "seconds",
        note="That one may rebuild years.",
        ge=0,
    )
    dagster_storage: Literal["sqlite", "postgres"] = setting(
        "sqlite",
        "Where Dagster keeps its history; postgres: where PGHOST etc. say.",
        note="See [PostgreSQL](deployment.md#dagsters-history-in-postgresql).",
    )
    adapter_timeout: float = setting(
        600.0,
        "Seconds that an adapter may take for a file.",
        "seconds",
        note="A view of a SQLite file, too.",
        gt=0,
    )
    now: Instant = setting(
        None,
        "A fixed clock for ingestion and partitions (tests, replays); default: the clock.",
        "instant, as in `2026-03-01T12:00:00Z`",
    )
