"""`ltv attribution evaluate` and `fit`, from a file to the printed and written results."""

import csv
import io
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ltv_platform.cli import app
from ltv_platform.errors import UserError
from ltv_platform.parameters.ihc import PRESETS
from ltv_platform_tests.attribution.ihc_local.test_evaluation import HEADER, answered, synthetic


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Answers of an API with the constants of `long`, and an LTV_HOME next to it."""
    monkeypatch.setenv("LTV_HOME", str(tmp_path / "home"))
    rows = answered(synthetic(130), PRESETS["long"]).table.to_pylist()
    end = datetime(2025, 3, 31)
    lines = [
        f"{row['conv_id']},{row['session_id']},"
        f"{end - timedelta(seconds=row['seconds_to_last'])},{row['channel_name']},"
        f"{row['holder_engagement']:d},{row['closer_engagement']:d},"
        f"{row['impression_interaction']:d},{row['ihc']}"
        for row in rows
    ]
    path = tmp_path / "answers.csv"
    path.write_text("\n".join([HEADER, *lines]))
    return path


def ltv(*arguments: str | Path) -> Result:
    """A command that must succeed."""
    answer = CliRunner().invoke(app, ["attribution", *map(str, arguments)], catch_exceptions=False)
    assert answer.exit_code == 0
    return answer


def test_evaluate_then_fit(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The preset behind the answers is found to be right; then fitted is shown too."""
    rows = json.loads(ltv("evaluate", file, "--format", "json").stdout)
    assert [row["preset"] or row["model"] for row in rows] == [*PRESETS, "linear", "last"]
    by_preset = {row["preset"]: row for row in rows}
    assert by_preset["long"]["session_mae"] < 1e-4
    assert by_preset["published"]["session_mae"] > 1e-3
    assert {row["journeys"] for row in rows} == {130}

    answer = ltv("fit", "--from", file, "--format", "csv")
    table = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert [(row["preset"], row["half"]) for row in table] == [
        ("fitted", "fitted to"),
        ("long", "fitted to"),
        ("fitted", "held out"),
        ("long", "held out"),
    ]
    assert "LTV_IHC_PRESET=" in answer.stderr
    written = json.loads((file.parent / "home" / "ihc_fit.json").read_text())
    assert written["constants"].keys() == vars(PRESETS["long"]).keys()
    assert written["fitted_to"]["from"] == str(file)

    monkeypatch.setenv("LTV_IHC_PRESET", "fitted")
    monkeypatch.setenv("COLUMNS", "200")  # narrower, headers take two lines
    shown = ltv("evaluate", file).stdout
    assert "fitted" in shown
    assert "session_mae" in shown


def test_redistribution_is_left_aside(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are compared before redistribution, and it is said."""
    before = ltv("evaluate", file, "--format", "csv")
    monkeypatch.setenv(
        "LTV_IHC_REDISTRIBUTION",
        '{"closer": {"direction": "any_session", "redistribution_channel_labels": ["ch1"]}}',
    )
    after = ltv("evaluate", file, "--format", "csv")
    assert after.stdout == before.stdout
    assert "LTV_IHC_REDISTRIBUTION is ignored" in after.stderr
    assert "is ignored" not in before.stderr


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"IHC_API_KEY": "k"}, "LTV_IHC_CONVERSION_TYPE is not set"),
        (
            {"IHC_API_KEY": "two words", "LTV_IHC_CONVERSION_TYPE": "shop"},
            "IHC_API_KEY is not a valid key",
        ),
    ],
)
def test_run_refuses_an_api_that_cannot_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str
) -> None:
    """Before anything is written: the scores that were published would give way to none."""
    monkeypatch.setenv("LTV_HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    answer = CliRunner().invoke(app, ["run"])
    assert isinstance(answer.exception, UserError)
    assert said in answer.exception.message
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_by_a_fit_that_fails(file: Path) -> None:
    """Too few answers, or no snapshot to read them from: no file, and the fit before it stays."""
    few = file.with_name("few.csv")
    few.write_text("\n".join([*file.read_text().splitlines()[:1], "c,s,2025-03-01,a,1,1,0,1"]))
    with pytest.raises(UserError, match="answers to 0 complete journeys"):
        ltv("fit", "--from", few)
    with pytest.raises(UserError, match="Nothing is published"):
        ltv("fit")
    assert not (file.parent / "home" / "ihc_fit.json").exists()
