"""A warning where LTV_IHC_REDISTRIBUTION names a channel that no session has."""

from ltv_platform.checks import CheckOutcome, TableCheck
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine


def label_checks(settings: Settings) -> tuple[TableCheck, ...]:
    """The one check, where anything is redistributed at all."""
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
            "Some session has each channel that LTV_IHC_REDISTRIBUTION names.",
            lambda engine: _channels_exist(engine, labels),
            reads=("core.sessions",),
        ),
    )


def _channels_exist(engine: DuckDBEngine, labels: list[str]) -> CheckOutcome:
    known = {name for (name,) in engine.rows("SELECT DISTINCT channel_name FROM core.sessions")}
    # Before the first session nothing is misspelt.
    absent = [label for label in labels if known and label not in known]
    return CheckOutcome(
        not absent,
        {"absent_channels": len(absent)},
        f"LTV_IHC_REDISTRIBUTION names {', '.join(map(repr, absent))}, but no session has such a "
        "channel: nothing is moved from it; case and blanks count"
        if absent
        else "",
    )
