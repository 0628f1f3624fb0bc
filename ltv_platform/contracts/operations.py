"""The tables that the platform keeps about its own work: loads, quarantine, staleness."""

from ltv_platform.contracts.model import Column, Table

QUARANTINE = Table(
    layer="raw",
    name="quarantine",
    description="One row per rejected record, with every reason and its full text.",
    key=("load_id", "line"),
    columns=(
        Column("table_name", "VARCHAR", "The source table it was meant for.", required=True),
        Column("load_id", "VARCHAR", "The load that rejected it.", required=True),
        Column("source_file", "VARCHAR", "Name of the file it came from.", required=True),
        Column("line", "BIGINT", "Record number in that file, the header being 1.", required=True),
        Column("reasons", "VARCHAR[]", "All reasons, each as column: what is wrong."),
        Column(
            "raw",
            "VARCHAR",
            "The original record; JSON if it could be split into columns.",
            pii=True,
        ),
        Column("adapter", "VARCHAR", "The adapter that read it, if any."),
        Column("quarantined_at", "TIMESTAMP", "When it was rejected (UTC).", required=True),
        Column("replayed_at", "TIMESTAMP", "When a replay accepted it (UTC)."),
        Column("row_key", "VARCHAR", "Key of its row (JSON), if readable.", pii=True),
        Column("settled_at", "TIMESTAMP", "When it was settled without a replay (UTC)."),
        Column(
            "settled_by",
            "VARCHAR",
            "The later load that settled it, or the reason it was dismissed.",
        ),
    ),
)

LOADS = Table(
    layer="raw",
    name="loads",
    description="One row per load: how many rows its file had, and how many were accepted, "
    "rejected or skipped.",
    key=("load_id",),
    columns=(
        Column("load_id", "VARCHAR", "SHA-256 of table, adapter and content.", required=True),
        Column("table_name", "VARCHAR", "The source table.", required=True),
        Column("source_file", "VARCHAR", "Name of the file.", required=True),
        Column("adapter", "VARCHAR", "The adapter that read it, if any."),
        Column(
            "content_hash", "VARCHAR", "SHA-256 of the decompressed content; NULL for a replay."
        ),
        Column("rows_in_file", "BIGINT", "rows_skipped + rows_received.", required=True),
        Column(
            "rows_skipped",
            "BIGINT",
            "Skipped by the adapter, or as rows of erased persons.",
            required=True,
        ),
        Column("rows_received", "BIGINT", "accepted + quarantined + repeated.", required=True),
        Column("rows_accepted", "BIGINT", "Stored in the raw log.", required=True),
        Column("rows_quarantined", "BIGINT", "Rejected with reasons.", required=True),
        Column("rows_repeated", "BIGINT", "Already known, not stored again.", required=True),
        Column(
            "attributes_unread",
            "VARCHAR",
            "Unreadable attribute values left empty, counted by column (JSON).",
        ),
        Column(
            "rounded", "BIGINT", "Stored values that were rounded because of floating-point noise."
        ),
        Column("loaded_at", "TIMESTAMP", "When (UTC).", required=True),
    ),
)

TOUCHED = Table(
    layer="raw",
    name="touched",
    description="One row per source table and day: the newest load that touched it. One row per "
    "reporting zone: the newest load that assigned days in it.",
    key=("table_name", "day", "zone"),
    columns=(
        Column("seq", "BIGINT", "Sequence number of that load.", required=True),
        Column("table_name", "VARCHAR", "The source table.", required=True),
        Column("day", "DATE", "Day in the reporting zone; NULL: the whole table."),
        Column("zone", "VARCHAR", "For loads: the reporting zone in which days were assigned."),
    ),
)

BUILT = Table(
    layer="raw",
    name="built",
    description="One row per asset and day: when it was last written, and from what.",
    key=("asset", "day"),
    columns=(
        Column("asset", "VARCHAR", "Full name of the table, or of another asset.", required=True),
        Column("day", "DATE", "The partition; NULL: the whole table."),
        Column(
            "seq", "BIGINT", "Sequence number taken before the write read anything.", required=True
        ),
        Column("code_hash", "VARCHAR", "Hash of SQL, contract and settings.", required=True),
        Column("as_of", "DATE", "as_of at the write."),
        Column("watermarks", "VARCHAR", "Watermarks at the write (JSON)."),
    ),
)

_JOURNEY_KEY = Column(
    "journey_key", "VARCHAR", "SHA-256 of the journey and the request parameters.", required=True
)
_CONV_ID = Column("conv_id", "VARCHAR", "The conversion.", required=True)

IHC_REQUESTS = Table(
    layer="raw",
    name="ihc_requests",
    description="One row per request to the IHC API, recorded before it is sent. How did it end?",
    key=("request_id",),
    columns=(
        Column("request_id", "VARCHAR", "The request.", required=True),
        Column("sent_at", "TIMESTAMP", "When it was first sent (UTC).", required=True),
        Column("journeys", "INTEGER", "Journeys in it.", required=True),
        Column("sessions", "INTEGER", "Sessions in it.", required=True),
        Column("status", "VARCHAR", "sent, answered or failed.", required=True),
        Column("settled_at", "TIMESTAMP", "When it was answered or abandoned (UTC)."),
        Column("reason", "VARCHAR", "Why it failed."),
    ),
)

IHC_ANSWERS = Table(
    layer="raw",
    name="ihc_answers",
    description="One row per journey and session that the IHC API scored; never requested again.",
    key=("journey_key", "session_id"),
    columns=(
        _JOURNEY_KEY,
        _CONV_ID,
        Column("session_id", "VARCHAR", "The session.", required=True),
        Column("initializer", "DOUBLE", "Share of the initializer phase.", required=True),
        Column("holder", "DOUBLE", "Share of the holder phase.", required=True),
        Column("closer", "DOUBLE", "Share of the closer phase.", required=True),
        Column("ihc", "DOUBLE", "Share of the conversion, four decimals.", required=True),
        Column("request_id", "VARCHAR", "The request that brought it.", required=True),
    ),
)

IHC_REJECTIONS = Table(
    layer="raw",
    name="ihc_rejections",
    description="One row per journey that the IHC API rejected even when sent alone; it is not "
    "sent again.",
    key=("journey_key",),
    columns=(
        _JOURNEY_KEY,
        _CONV_ID,
        Column("reason", "VARCHAR", "The API's answer.", required=True),
        Column("request_id", "VARCHAR", "The last request that contained it.", required=True),
        Column("rejected_at", "TIMESTAMP", "When (UTC).", required=True),
    ),
)

WAREHOUSE_VERSION = Table(
    layer="raw",
    name="warehouse_version",
    description="One row per schema version of the warehouse; the highest is current.",
    key=("version",),
    columns=(
        Column("version", "INTEGER", "The schema version.", required=True),
        Column("since", "TIMESTAMP", "When the warehouse was migrated to it (UTC).", required=True),
        Column("made_by", "VARCHAR", "The ltv-platform release that migrated it.", required=True),
    ),
)

SUPPRESSED = Table(
    layer="raw",
    name="suppressed",
    description="One row per erased person or one of their ids, as a keyed hash. Who must not be "
    "loaded again?",
    key=("kind", "pseudonym"),
    columns=(
        Column(
            "kind",
            "VARCHAR",
            "customer; the source table whose key it is; or key, which verifies the hash key "
            "itself.",
            required=True,
        ),
        Column("pseudonym", "VARCHAR", "HMAC-SHA256 of kind and id.", required=True),
        Column("suppressed_at", "TIMESTAMP", "When (UTC).", required=True),
    ),
)

REWRITTEN = Table(
    layer="raw",
    name="rewritten",
    description="One row per loaded file that an erasure rewrote. Which load does it belong to?",
    key=("rewritten_id",),
    columns=(
        Column(
            "rewritten_id", "VARCHAR", "The load_id the rewritten file would have.", required=True
        ),
        Column("load_id", "VARCHAR", "The load it belongs to.", required=True),
    ),
)

#: Those that are also published, for people and status commands.
PUBLISHED_OPERATIONS = (QUARANTINE, LOADS, BUILT, IHC_REQUESTS, IHC_ANSWERS, IHC_REJECTIONS)

OPERATION_TABLES = (*PUBLISHED_OPERATIONS, TOUCHED, WAREHOUSE_VERSION, SUPPRESSED, REWRITTEN)
