"""Results of non-blocking checks, as `ltv run` prints them."""

import json
from pathlib import Path

from ltv_platform.errors import UserError
from ltv_platform.orchestration.checks import CheckMessage
from ltv_platform.orchestration.foreground import Refreshed
from ltv_platform_tests.attribution.ihc_api.api_homes import journey_rows
from ltv_platform_tests.testing.forked import ForkedLtv
from ltv_platform_tests.testing.home import HEADERS

DAYS = {"start_date": "2025-12-01", "as_of": "2025-12-06", "horizons": "7"}
TYPO = {"closer": {"direction": "any_session", "redistribution_channel_labels": ["mail"]}}


def land(ltv: ForkedLtv, table: str, *rows: str) -> None:
    """Put a file where the next `ltv run` loads it."""
    folder = ltv.home / "landing" / table
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{table}.csv").write_text("\n".join([HEADERS[table], *rows]) + "\n", "utf-8")


def test_a_run_tells_each_check_that_failed(tmp_path: Path) -> None:
    """A misspelt channel, a rejected share and unknown customers, after all is published."""
    ltv = ForkedLtv(tmp_path / "home", DAYS)
    sessions, conversions = journey_rows([2, 1])
    land(ltv, "session_sources", *sessions)
    land(ltv, "conversions", *conversions)
    land(ltv, "customers", "u9,2025-12-01 10:00:00,US,ads,c1", "u8,2025-13-01,US,ads,c1")
    run = ltv("run", ihc_redistribution=json.dumps(TYPO))
    assert run.code == 0
    lines = run.err.splitlines()
    [published] = [place for place, line in enumerate(lines) if "Published snapshot" in line]
    assert sorted(lines[published + 1 :]) == [
        "Warning: core.waiting_for_customer: 2 conversions, 3 sessions wait for their customers: "
        "load these into customers",
        "Warning: marts.ihc_attribution: LTV_IHC_REDISTRIBUTION names 'mail', but no session has "
        "that channel, so no credit moves from it; case and spaces matter",
        "Warning: raw.customers: 1 of 2 rows are in quarantine; see `ltv quarantine list "
        "customers`",
    ]


def test_the_last_word_of_a_check_counts() -> None:
    """A later run of it replaces what it said, an error included; others stay."""
    scores, share = ("raw.ihc_answers", "journeys_are_scored"), ("raw.customers", "rejected_share")
    refused = UserError("The key is wrong.", "Set it.")
    first = Refreshed(
        True, {scores: CheckMessage("6 are pending", refused), share: CheckMessage("1 of 2", None)}
    )
    assert first.warnings == ("raw.ihc_answers: 6 are pending", "raw.customers: 1 of 2")
    assert first.error is refused
    # As `ltv demo` leaves out what is planted in its sample; an error stays.
    demo = first.without("rejected_share")
    assert (demo.warnings, demo.error) == (("raw.ihc_answers: 6 are pending",), refused)
    later = first.then(Refreshed(False, {scores: CheckMessage("", None)}))
    assert (later.changed, later.warnings, later.error) == (
        True,
        ("raw.customers: 1 of 2",),
        None,
    )
