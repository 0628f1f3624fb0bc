"""Checks of attribution: every conversion is credited once, every cost counted once."""

from ltv_platform.checks.model import (
    CheckOutcome,
    TableCheck,
    all_of,
    ask,
    days_to_publish,
    equal,
)
from ltv_platform.parameters.attribution import MARKOV_PATH, MODELS
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Reader

#: Sessions x conversions of one user above which the check warns. Every conversion may include all
#: sessions before it, and nine models make about six rows of each: a million are 6 M rows. No
#: person visits and buys a thousand times; a bot, a till or a user_id such as 0 does.
MOST_ROWS_OF_A_USER = 1_000_000


def attribution_checks(settings: Settings) -> tuple[TableCheck, ...]:
    """Checks that credit, revenue and cost reconcile, and one that reports who scored IHC."""
    return (
        TableCheck(
            "marts.attribution",
            "credit_reconciles",
            "Every model gives each conversion a total credit of exactly 1, and its full revenue.",
            _credit_reconciles,
            reads=("core.conversions",),
            blocking=True,
        ),
        TableCheck(
            "marts.ihc_attribution",
            "one_engine",
            "All IHC scores come from one engine, unless LTV_IHC_MIXED_ENGINES allows others.",
            lambda engine: _one_engine(engine, settings),
        ),
        *_label_checks(settings),
        TableCheck(
            "marts.channel_reporting",
            "channels_reconcile",
            "Cost counts each session once; IHC credit and revenue cover all conversions.",
            lambda engine: _channels_reconcile(engine, "marts.channel_reporting"),
            reads=("core.sessions", "core.conversions"),
            blocking=True,
        ),
        TableCheck(
            "marts.channel_reporting_by_conversion_date",
            "channels_reconcile",
            "Cost counts each session once; IHC credit and revenue cover all conversions.",
            lambda engine: _channels_reconcile(
                engine, "marts.channel_reporting_by_conversion_date"
            ),
            reads=("core.sessions", "core.conversions"),
            blocking=True,
        ),
        TableCheck(
            "marts.channel_model_comparison",
            "models_reconcile",
            "Each model credits all conversions and all revenue, against the same cost.",
            _models_reconcile,
            reads=("core.sessions", "core.conversions", "marts.markov_channels"),
            blocking=True,
        ),
        TableCheck(
            "marts.customer_journeys",
            "journeys_are_whole",
            "No journey reaches the limit LTV_JOURNEY_SESSIONS.",
            lambda engine: _journeys_are_whole(engine, settings.journey_sessions),
        ),
        TableCheck(
            "marts.customer_journeys",
            "no_user_dominates",
            "No user_id has so many sessions and conversions that it must be shared.",
            lambda engine: _no_user_dominates(engine, settings.journey_sessions),
            reads=("core.sessions", "core.conversions"),
        ),
    )


def _label_checks(settings: Settings) -> tuple[TableCheck, ...]:
    """The check of channel labels, if anything is redistributed."""
    labels = sorted(
        {
            label
            for _, rule in settings.ihc_redistribution
            if rule is not None
            for label in rule.redistribution_channel_labels
        }
    )
    if not labels:
        return ()
    return (
        TableCheck(
            "marts.ihc_attribution",
            "redistributed_channels_exist",
            "Every channel in LTV_IHC_REDISTRIBUTION has at least one session.",
            lambda engine: _channels_exist(engine, labels),
            reads=("core.sessions",),
        ),
    )


def _channels_exist(engine: Reader, labels: list[str]) -> CheckOutcome:
    known = {name for (name,) in engine.rows("SELECT DISTINCT channel_name FROM core.sessions")}
    # Without sessions nothing can be misspelt.
    absent = [label for label in labels if known and label not in known]
    return CheckOutcome(
        not absent,
        {"absent_channels": len(absent)},
        f"LTV_IHC_REDISTRIBUTION names {', '.join(map(repr, absent))}, but no session has that "
        "channel, so no credit moves from it; case and spaces matter"
        if absent
        else "",
    )


def _credit_reconciles(engine: Reader) -> CheckOutcome:
    # Published days passed this check before, and have not been written since.
    days = days_to_publish(engine, "core.conversions", "marts.attribution")
    models = [model for model in MODELS if model != MARKOV_PATH]
    [(conversions, wrong, by)] = ask(
        engine, "attribution/credit_reconciles", {**days, "models": models}
    )
    return CheckOutcome(
        wrong == 0,
        {"conversions": conversions, "wrong": wrong},
        "" if wrong == 0 else f"{wrong} conversions do not get a credit of 1 from {by}",
    )


def _one_engine(engine: Reader, settings: Settings) -> CheckOutcome:
    engines = dict(ask(engine, "attribution/one_engine"))
    text = ", ".join(f"{journeys} by {name}" for name, journeys in engines.items())
    passed = len(engines) <= 1 or settings.ihc_mixed_engines
    return CheckOutcome(
        passed,
        {f"journeys_{name}": journeys for name, journeys in engines.items()},
        "" if passed else f"journeys were scored by different engines: {text}",
    )


def _channels_reconcile(engine: Reader, table: str) -> CheckOutcome:
    return all_of(
        [
            equal(
                engine,
                {
                    "cost of core.sessions": "SELECT SUM(cost) FROM core.sessions",
                    f"cost of {table}": f"SELECT SUM(cost) FROM {table}",
                },
            ),
            equal(
                engine,
                {
                    "core.conversions": "SELECT COUNT(*) FROM core.conversions",
                    f"ihc of {table}": f"SELECT SUM(ihc) FROM {table}",
                },
            ),
            equal(
                engine,
                {
                    "revenue of core.conversions": "SELECT SUM(revenue) FROM core.conversions",
                    f"ihc_revenue of {table}": f"SELECT SUM(ihc_revenue) FROM {table}",
                },
            ),
        ]
    )


def _models_reconcile(engine: Reader) -> CheckOutcome:
    [(conversions, revenue, cost, effects_are_known)] = ask(
        engine, "attribution/models_reconcile.expected"
    )
    found = {model: sums for model, *sums in ask(engine, "attribution/models_reconcile")}
    # Without conversions there is no row; without removal effects, there is no such model.
    expected = [m for m in MODELS if conversions and (effects_are_known or m != MARKOV_PATH)]
    wrong = [model for model in expected if found.get(model) != [conversions, revenue, cost]]
    wrong += sorted(set(found) - set(expected))
    return CheckOutcome(
        not wrong,
        {"models": len(found), "conversions": conversions, "revenue": str(revenue)},
        f"{', '.join(wrong)}: the sums differ from the sources" if wrong else "",
    )


def _journeys_are_whole(engine: Reader, most: int) -> CheckOutcome:
    [(full,)] = ask(engine, "attribution/journeys_are_whole", {"most": most})
    return CheckOutcome(
        not full,
        {"full_journeys": full},
        f"{full:,} journeys reach the limit of {most:,} sessions (LTV_JOURNEY_SESSIONS): earlier "
        f"sessions got no credit"
        if full
        else "",
    )


def _no_user_dominates(engine: Reader, most: int) -> CheckOutcome:
    greatest = ask(engine, "attribution/no_user_dominates")
    sessions, conversions = greatest[0] if greatest else (0, 0)
    passed = sessions * conversions <= MOST_ROWS_OF_A_USER
    # A user_id can identify a person, and outcomes of checks are stored and shown in many places.
    rows = min(sessions, most) * conversions
    return CheckOutcome(
        passed,
        {"sessions": sessions, "conversions": conversions},
        ""
        if passed
        else f"one user_id has {sessions:,} sessions and {conversions:,} conversions, which make "
        f"up to {rows:,} rows; if it is shared (a bot, a placeholder), remove it from the feeds "
        "or split it into separate ids. Find it with "
        f'`ltv query "SELECT user_id FROM sessions GROUP BY user_id HAVING COUNT(*) = {sessions}"`',
    )
