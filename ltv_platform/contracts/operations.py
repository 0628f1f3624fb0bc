"""The tables that the platform keeps about its own work: loads, quarantine, staleness."""

from ltv_platform.contracts.model import Column, Table

QUARANTINE = Table(
    layer="raw",
    name="quarantine",
    description="One row per rejected record, with every reason and its text kept whole.",
    key=("load_id", "line"),
    columns=(
        Column("table_name", "VARCHAR", "The source table it was meant for.", required=True),
        Column("load_id", "VARCHAR", "The load that rejected it.", required=True),
        Column("source_file", "VARCHAR", "Name of the file it came from.", required=True),
        Column("line", "BIGINT", "Record number in that file, the header being 1.", required=True),
        Column("reasons", "VARCHAR[]", "All reasons, each as column: what is wrong."),
        Column("raw", "VARCHAR", "The record as it came; JSON where it could be split.", pii=True),
        Column("adapter", "VARCHAR", "The adapter it went through, if any."),
        Column("quarantined_at", "TIMESTAMP", "When it was rejected (UTC).", required=True),
        Column("replayed_at", "TIMESTAMP", "When a replay accepted it (UTC)."),
        Column("row_key", "VARCHAR", "Key of its row (JSON), where it could be read.", pii=True),
        Column("settled_at", "TIMESTAMP", "When it was settled without a replay (UTC)."),
        Column("settled_by", "VARCHAR", "The later load that settled it, or why it was dismissed."),
    ),
)

LOADS = Table(
    layer="raw",
    name="loads",
    description="One row per load: what a file held and what became of each of its rows.",
    key=("load_id",),
    columns=(
        Column("load_id", "VARCHAR", "SHA-256 of table, adapter and content.", required=True),
        Column("table_name", "VARCHAR", "The source table.", required=True),
        Column("source_file", "VARCHAR", "Name of the file.", required=True),
        Column("adapter", "VARCHAR", "The adapter it went through, if any."),
        Column("content_hash", "VARCHAR", "SHA-256 of the decompressed content; NULL of a replay."),
        Column("rows_in_file", "BIGINT", "rows_skipped + rows_received.", required=True),
        Column(
            "rows_skipped",
            "BIGINT",
            "Left out by the adapter, or as rows of erased persons.",
            required=True,
        ),
        Column("rows_received", "BIGINT", "accepted + quarantined + repeated.", required=True),
        Column("rows_accepted", "BIGINT", "Stored in the raw log.", required=True),
        Column("rows_quarantined", "BIGINT", "Rejected with reasons.", required=True),
        Column("rows_repeated", "BIGINT", "Known already, not stored again.", required=True),
        Column(
            "attributes_unread",
            "VARCHAR",
            "How many values of attributes could not be read and are empty, by column (JSON).",
        ),
        Column("rounded", "BIGINT", "Decimals of stored rows that were rounded: noise of doubles."),
        Column("loaded_at", "TIMESTAMP", "When (UTC).", required=True),
    ),
)

TOUCHED = Table(
    layer="raw",
    name="touched",
    description="One row per source table and day: the newest load that touched it. Loads have a "
    "row per reporting zone.",
    key=("table_name", "day", "zone"),
    columns=(
        Column("seq", "BIGINT", "Number of that load.", required=True),
        Column("table_name", "VARCHAR", "The source table.", required=True),
        Column("day", "DATE", "Day of the reporting zone; NULL = the whole table."),
        Column("zone", "VARCHAR", "Of loads: the reporting zone in which it counted days."),
    ),
)

BUILT = Table(
    layer="raw",
    name="built",
    description="One row per asset and day: when it was last written, and from what.",
    key=("asset", "day"),
    columns=(
        Column("asset", "VARCHAR", "Full name of the table, or of another asset.", required=True),
        Column("day", "DATE", "The partition; NULL = the whole table."),
        Column("seq", "BIGINT", "Drawn before the write read anything.", required=True),
        Column("code_hash", "VARCHAR", "Hash of SQL, contract and settings.", required=True),
        Column("as_of", "DATE", "as_of at the write."),
        Column("watermarks", "VARCHAR", "Watermarks at the write (JSON)."),
    ),
)

_JOURNEY_KEY = Column(
    "journey_key", "VARCHAR", "SHA-256 of the journey and of what was asked.", required=True
)
_CONV_ID = Column("conv_id", "VARCHAR", "The conversion.", required=True)

IHC_REQUESTS = Table(
    layer="raw",
    name="ihc_requests",
    description="One row per request to the IHC API, written before it is sent. What became of it?",
    key=("request_id",),
    columns=(
        Column("request_id", "VARCHAR", "The request.", required=True),
        Column("sent_at", "TIMESTAMP", "When it was first sent (UTC).", required=True),
        Column("journeys", "INTEGER", "Journeys in it.", required=True),
        Column("sessions", "INTEGER", "Sessions in it.", required=True),
        Column("status", "VARCHAR", "sent, answered or failed.", required=True),
        Column("settled_at", "TIMESTAMP", "When it was answered or given up (UTC)."),
        Column("reason", "VARCHAR", "Why it failed."),
    ),
)

IHC_ANSWERS = Table(
    layer="raw",
    name="ihc_answers",
    description="One row per journey and session that the IHC API scored; never asked for again.",
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
    description="One row per journey that the IHC API refused, alone too; it is not sent again.",
    key=("journey_key",),
    columns=(
        _JOURNEY_KEY,
        _CONV_ID,
        Column("reason", "VARCHAR", "What the API said.", required=True),
        Column("request_id", "VARCHAR", "The last request that it was in.", required=True),
        Column("rejected_at", "TIMESTAMP", "When (UTC).", required=True),
    ),
)

WAREHOUSE_VERSION = Table(
    layer="raw",
    name="warehouse_version",
    description="One row per schema version that the warehouse has had; the highest one counts.",
    key=("version",),
    columns=(
        Column("version", "INTEGER", "The schema version.", required=True),
        Column("since", "TIMESTAMP", "When the warehouse came to it (UTC).", required=True),
        Column("made_by", "VARCHAR", "The release of ltv-platform that did it.", required=True),
    ),
)

SUPPRESSED = Table(
    layer="raw",
    name="suppressed",
    description="One row per erased person or id of theirs, as a keyed hash. Who stays out?",
    key=("kind", "pseudonym"),
    columns=(
        Column(
            "kind",
            "VARCHAR",
            "customer; the source table whose key it is; key: tells that the key is the right one.",
            required=True,
        ),
        Column("pseudonym", "VARCHAR", "HMAC-SHA256 of kind and id.", required=True),
        Column("suppressed_at", "TIMESTAMP", "When (UTC).", required=True),
    ),
)

REWRITTEN = Table(
    layer="raw",
    name="rewritten",
    description="One row per loaded file that an erasure has rewritten. Which load is it of?",
    key=("rewritten_id",),
    columns=(
        Column("rewritten_id", "VARCHAR", "What its load_id would be now.", required=True),
        Column("load_id", "VARCHAR", "The load that it is of.", required=True),
    ),
)

#: Those that the snapshot holds too: what people and status commands ask for.
PUBLISHED_OPERATIONS = (QUARANTINE, LOADS, BUILT, IHC_REQUESTS, IHC_ANSWERS, IHC_REJECTIONS)

OPERATION_TABLES = (*PUBLISHED_OPERATIONS, TOUCHED, WAREHOUSE_VERSION, SUPPRESSED, REWRITTEN)
