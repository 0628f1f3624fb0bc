"""The warning about redistributed channels that do not exist."""

from pathlib import Path

from ltv_platform.checks import table_checks
from ltv_platform.parameters.redistribution import Redistribution
from ltv_platform.refresh.build import build_table
from ltv_platform.settings import load_settings
from ltv_platform_tests.testing.home import Home

NAME = "redistributed_channels_exist"
MOVES = Redistribution.model_validate(
    {
        "closer": {
            "direction": "any_session",
            "redistribution_channel_labels": ["Mail", "mail", "ads"],
        }
    }
)


def test_absent_label_warns(tmp_path: Path) -> None:
    """A label without sessions is named and blocks nothing; without any session, none is."""
    home = Home(tmp_path, start_date="2025-03-01", as_of="2025-03-03", ihc_redistribution=MOVES)
    [check] = [c for c in table_checks(home.settings) if c.name == NAME]
    assert not check.blocking
    home.engine.prepare()
    assert check.run(home.engine).passed
    home.load(
        "session_sources", "s1,u1,ads,2025-03-01,10:00:00,1,0", "s2,u1,mail,2025-03-01,11:00:00,1,0"
    )
    build_table(home.engine, home.graph["core.sessions"], home.plan().days["core.sessions"])
    outcome = check.run(home.engine)
    assert not outcome.passed
    assert outcome.figures == {"absent_channels": 1}
    assert "names 'Mail', but no session" in outcome.description


def test_no_redistribution_no_check() -> None:
    """Where nothing is moved nothing is looked for."""
    assert NAME not in [check.name for check in table_checks(load_settings())]
