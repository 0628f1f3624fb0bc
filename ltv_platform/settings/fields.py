"""Every setting, with its default, its description and what changing it costs.

``load`` reads them and validates them together; docs/settings.md is rendered from this module.
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
        "Reporting zone: its calendar days are the days of all tables.",
        "IANA name of a zone",
        note="A change moves events to other days.",
        rebuilds=(
            *("conversions", "customers", "interactions", "sessions", "transactions"),
            "waiting_for_rate",
        ),
    )
    source_timezone: Zone = setting(
        "UTC", "Zone of timestamps without one.", "IANA name of a zone", loads=True
    )
    currency: Currency = setting(
        "USD",
        "Base currency of all money (ISO 4217).",
        "three capital letters",
        note="Amounts in other currencies are converted with `fx_rates`.",
        rebuilds=("campaign_spend", "transactions", "waiting_for_rate"),
    )
    as_of: Day = setting(
        None,
        "Last day included in the figures; default: the newest event's day.",
        "day, as in `2026-03-01`",
        note="Rewrites the days between the old and the new one.",
    )
    start_date: Day = setting(
        None,
        "First partition; default: settled by the first load.",
        "day, as in `2026-03-01`",
        note="Rows before it are quarantined: set it earlier, and `ltv quarantine replay` loads "
        "them. Rows before it that are already loaded do not count while it is set.",
        loads=True,
        rebuilds=(
            *("conversions", "customers", "interactions", "sessions", "transactions"),
            "waiting_for_rate",
        ),
    )
    horizons: Days = setting(
        (1, 3, 7, 14, 30, 60, 90, 180, 365),
        "Ages, in days, of the LTV and ROAS columns.",
        "days, separated by commas",
        note="Must contain 7, which summaries and ranks use.",
        rebuilds=("campaign_cohort_curve", "campaign_ltv", "revenue_reconciliation"),
    )
    user_horizons: Days = setting(
        (7,),
        "Ages, in days, of the user_revenue columns.",
        "days, separated by commas",
        rebuilds=("user_revenue",),
    )
    window: Literal["hours", "calendar"] = setting(
        "hours",
        "hours: N x 24 h after install; calendar: N reporting days.",
        rebuilds=(
            *("campaign_cohort_curve", "campaign_ltv", "customer_cohort_sums"),
            *("customer_retention_sums", "ltv_influencing_factors", "revenue_reconciliation"),
            "user_revenue",
        ),
    )
    organic_sources: Words = setting(
        ("organic*", "direct"),
        "Acquisition sources that count as organic if no campaign is given.",
        rebuilds=("customers",),
    )
    refund_types: Words = setting(
        tuple(_REFUND_TYPES.split()),
        "Values of transaction_type that are not purchases, so is_refund must be 1.",
        note="Case, spaces and hyphens are ignored. If `is_refund` is 0, the row is quarantined.",
        loads=True,
    )
    missing_words: Words = setting(
        ("n/a", "null", "none", "(not set)", "undefined", "-"),
        "Placeholders for a missing campaign or acquisition source; case is ignored.",
        note="Also for a missing country.",
        rebuilds=("campaign_spend", "customers", "waiting_for_rate"),
    )
    adapter_options: Options = setting(
        {},
        'Default options of adapters, as in {"shopify_orders": {"revenue": "total"}}.',
        "JSON",
        note="See [options of formats](exports.md#what-applies-to-all-formats). A loaded file "
        "keeps its options until it is loaded again.",
        loads=True,
    )
    id_salt: SecretStr | None = setting(
        None,
        "Key of the hashes that replace e-mail addresses; default: a random one, "
        "kept in LTV_HOME/id.salt.",
        "a secret, never shown",
        note="After a change, every such customer gets another id in new loads.",
        loads=True,
    )
    migration_days: int = setting(
        90,
        "Days back to the segments that migrations start from.",
        "days",
        note="Used by `rfm_migration`.",
        rebuilds=("rfm_migration",),
        ge=1,
        le=LONGEST_AGE,
    )
    journey_lookback: int | None = setting(
        90,
        "Length of a journey in days before the conversion; none: no limit.",
        "days of 24 hours",
        rebuilds=("customer_journeys",),
        ge=1,
        le=LONGEST_AGE,
    )
    journey_sessions: int = setting(
        1_000,
        "Most sessions in a journey, the latest ones.",
        "sessions",
        note="The check `journeys_are_whole` warns if sessions are left out.",
        rebuilds=("customer_journeys",),
        ge=1,
    )
    journey_boundary: Literal["at_or_before", "before"] = setting(
        "at_or_before",
        "Whether a session in the same second as a conversion belongs to it.",
        note="`before`: it does not.",
        rebuilds=("customer_journeys",),
    )
    journey_break: bool = setting(
        False,
        "A conversion ends the journey; the next journey starts after it.",
        rebuilds=("customer_journeys",),
    )
    direct_channels: Words = setting(
        ("Direct", "Direct Traffic", "(direct)", "(none)"),
        "Channels that last_non_direct ignores; case is ignored.",
        rebuilds=("attribution",),
    )
    ihc_engine: Literal["auto", "local", "api"] = setting(
        "auto",
        "Engine that scores IHC; auto: the API if IHC_API_KEY is set.",
        rebuilds=("ihc_attribution",),
    )
    ihc_api_key: SecretStr | None = setting(
        None,
        "Key of the IHC API; never shown.",
        "a secret",
        note="The only variable without the prefix; it is never stored. If `LTV_IHC_ENGINE` is "
        "`auto`, the first key rebuilds `ihc_attribution` and the tables that read it.",
        validation_alias=API_KEY,
    )
    ihc_url: Address = setting("https://api.ihc-attribution.com", "URL of the IHC API.", "address")
    ihc_conversion_type: str = setting(
        "",
        "The API's conv_type_id: the trained model that scores.",
        "text",
        note="Required to use the API; a change sends all journeys again.",
        rebuilds=("ihc_attribution",),
    )
    ihc_preset: Literal["published", "long", "short", "fitted"] = setting(
        "published", "Parameters of the local IHC engine.", rebuilds=("ihc_attribution",)
    )
    ihc_redistribution: Moves = setting(
        Redistribution(),
        "Redistribution of IHC credit between channels (JSON, the API's format).",
        "JSON",
        note="A change sends all journeys to the API again.",
        rebuilds=("ihc_attribution",),
    )
    ihc_mixed_engines: bool = setting(
        False,
        "The local engine scores journeys that the API has not scored.",
        rebuilds=("ihc_attribution",),
    )
    ihc_request_journeys: int = setting(100, "Most journeys per request.", "journeys", ge=1)
    ihc_request_sessions: int = setting(
        3000,
        "Most sessions per request; longer journeys are scored locally.",
        "sessions",
        note="Free accounts: 200.",
        rebuilds=("ihc_attribution",),
        ge=1,
    )
    ihc_timeout: float = setting(
        30.0, "Seconds to wait for a response of the API.", "seconds", gt=0
    )
    ihc_backoff: float = setting(
        0.5,
        "Longest wait before the first retry, in seconds.",
        "seconds",
        note="It doubles with each further retry.",
        ge=0,
    )
    forecast_horizons: Days = setting(
        (30, 90, 180, 365),
        "Horizons of customer forecasts, and ages of campaign forecasts, in days.",
        "days, separated by commas",
        note="See [forecasts](forecasts.md).",
        rebuilds=(
            *("campaign_forecast_backtest", "campaign_ltv_forecast", "development_factors"),
            "purchase_forecasts",
        ),
    )
    forecast_holdout: int = setting(
        90,
        "Days that a back-test holds out, at most a third of the history.",
        "days",
        rebuilds=("forecast_backtest",),
        ge=1,
        le=LONGEST_AGE,
    )
    factor_min_customers: int = setting(
        10,
        "Customers that a level needs for its own estimate.",
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
        "Slack-compatible incoming webhook for alerts; never shown.",
        "address, a secret",
        note="See [alerts](operations.md#alerts). It is never stored.",
    )
    public_url: Address = setting(
        "http://127.0.0.1:3000",
        "URL of the UI, for links in alerts.",
        "address",
        note="If it is not set, `ltv up` uses the address that it listens on.",
    )
    freshness_hours: float | None = setting(
        36.0,
        "Hours without a new event after which a feed is late; none: never.",
        "hours",
        gt=0,
        le=24 * LONGEST_AGE,
    )
    refresh_attempts: int = setting(
        5, "Runs that sensors start for the same cause before they give up.", "runs", ge=1
    )
    dagster_history: int = setting(
        30,
        "Days that Dagster's runs are kept.",
        "days",
        note="Their events are kept as long; each partition keeps its newest event.",
        ge=1,
        le=LONGEST_AGE,
    )
    snapshots: int = setting(
        3,
        "Published snapshots to keep, including the newest.",
        "snapshots",
        note="The last one of an earlier day is kept as well; one that is in use, or was current "
        "until now, for ten more minutes.",
        ge=1,
    )
    backup_dir: Path | None = setting(
        None,
        "Folder for the backups of the daily schedule; default: no backups.",
        "path",
        note="`ltv backup` without a folder writes there as well. "
        "See [backups](operations.md#backups).",
    )
    backups: int = setting(
        7,
        "Backups to keep in LTV_BACKUP_DIR.",
        "backups",
        ge=1,
    )
    serve_event_rate: int = setting(
        10_000,
        "Most requests with events per second, of one token or address.",
        "requests per second",
        note="See [limits](api.md#limits).",
        ge=1,
    )
    serve_read_rate: int = setting(
        1_000,
        "Most other requests to the API per second, of one token or address.",
        "requests per second",
        ge=1,
    )
    serve_request_timeout: float = setting(
        30.0,
        "Seconds in which a request must arrive, with its headers and its body.",
        "seconds",
        gt=0,
    )
    spool_limit: int = setting(
        2_000,
        "Most megabytes of events that wait to be loaded; beyond, requests are answered 503.",
        "megabytes",
        note="See [events](events.md#limits).",
        ge=1,
    )
    mcp_sql: bool = setting(
        False,
        "Agents may run SELECTs of their own on the published tables.",
        note="Without personal columns, 10 seconds and 1,000 rows at most. "
        "See [agents](agents.md#free-sql).",
    )
    engine: Literal["duckdb"] = Field("duckdb", description="Warehouse engine.")
    memory_limit: Memory = setting(
        "",
        "Memory limit of the engine, as in 1600MB; default: the engine's own.",
        "amount with its unit",
        note="Beyond it, the engine spills to disk.",
    )
    threads: int | None = setting(None, "Threads of the engine; default: cores.", "threads", ge=1)
    lock_timeout: float = setting(
        120.0, "Seconds to wait for another process that writes.", "seconds", ge=0
    )
    run_timeout: float = setting(
        3600.0,
        "Seconds that `ltv run` waits for another run.",
        "seconds",
        note="The other run may be rebuilding years.",
        ge=0,
    )
    dagster_storage: Literal["sqlite", "postgres"] = setting(
        "sqlite",
        "Where Dagster keeps its history; postgres: the server of PGHOST etc.",
        note="See [PostgreSQL](deployment.md#dagsters-history-in-postgresql).",
    )
    adapter_timeout: float = setting(
        600.0,
        "Seconds that an adapter may take per file.",
        "seconds",
        note="Also limits views of a SQLite file.",
        gt=0,
    )
    now: Instant = setting(
        None,
        "Fixed time for ingestion and partitions (tests, replays); default: the clock.",
        "instant, as in `2026-03-01T12:00:00Z`",
    )
