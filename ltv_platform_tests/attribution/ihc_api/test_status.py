"""`ltv attribution status` describes the snapshot, not the settings of the shell."""

from pytest import MonkeyPatch
from typer.testing import CliRunner, Result

from ltv_platform.attribution.ihc_api.scoring import score
from ltv_platform.attribution.ihc_api.status import api_status, other_settings
from ltv_platform.cli import app
from ltv_platform_tests.attribution.ihc_api.api_homes import simulator
from ltv_platform_tests.attribution.ihc_api.conftest import MakeHome
from ltv_platform_tests.testing.home import Home


def cached(home: Home) -> int:
    """Answers in use."""
    [count] = [count for name, count, _ in api_status(home.settings)[1] if name.endswith("cached")]
    return int(count)


def test_it_tells_of_the_snapshot(journeys: MakeHome, monkeypatch: MonkeyPatch) -> None:
    """No answers are in use once the local engine scored; other settings are reported."""
    with simulator() as server:
        api = journeys(server.url, [2, 1])
        score(api.engine, print)
        api.publish()
        local = api.under(ihc_engine="local")
        other = api.under(ihc_conversion_type="other")
        assert [cached(home) for home in (api, local, other)] == [2, 2, 2]
        assert other_settings(api.settings) == ""
        assert "a different LTV_IHC_CONVERSION_TYPE" in other_settings(other.settings)
        assert other_settings(local.settings) == (
            "The snapshot was scored with engine api, but the settings now name local: `ltv run` "
            "scores it again."
        )
        local.publish()
        assert [cached(home) for home in (api, local)] == [0, 0]
        assert other_settings(local.settings) == ""
        # The local engine asks nothing, so it asks nothing else.
        assert other_settings(local.under(ihc_conversion_type="other").settings) == ""

    monkeypatch.setenv("LTV_HOME", str(api.settings.home))
    assert _status().stderr == ""
    monkeypatch.setenv("IHC_API_KEY", "key")
    monkeypatch.setenv("LTV_IHC_CONVERSION_TYPE", "shop")
    assert _status().stderr == (
        "The snapshot was scored with engine local, but the settings now name api: `ltv run` "
        "scores it again.\n"
    )


def _status() -> Result:
    answer = CliRunner().invoke(app, ["attribution", "status"], catch_exceptions=False)
    assert answer.exit_code == 0
    return answer
