"""Acceptance e: the key is in no log, event, metadata, table or error, whatever the server says."""

import json
from pathlib import Path
from urllib.parse import quote

from ltv_platform.warehouse.query import open_snapshot, require_snapshot
from ltv_platform_tests.attribution.api_homes import KEY, Answer, api_settings, simulator, told
from ltv_platform_tests.attribution.conftest import MakeHome
from ltv_platform_tests.forked import ForkedLtv
from ltv_platform_tests.warehouse.homes import Home

#: As it is, and as it stands in addresses.
FORMS = (KEY, quote(KEY, safe=""))


def found_in(home: Home) -> list[str]:
    """Files, and tables whose bytes are compressed, that hold the key."""
    spoken = home.settings.home.parent / "spoken"
    files = [
        str(path)
        for folder in (home.settings.home, spoken)
        for path in folder.rglob("*")
        if path.is_file() and any(form.encode() in path.read_bytes() for form in FORMS)
    ]
    published = require_snapshot(home.settings)
    with open_snapshot(home.settings, published) as snapshot:
        rows = {
            name: snapshot.sql(f"FROM {name}").fetchall() for name in published.manifest["tables"]
        }
    rows |= {t.full_name: home.engine.rows(f"FROM {t.full_name}") for t in home.engine.catalog}
    tables = [name for name, own in rows.items() if any(form in repr(own) for form in FORMS)]
    return files + tables


def test_the_key_is_nowhere(journeys: MakeHome) -> None:
    """A good run, then pages, failures, a rejection and a refusal that all repeat the key."""
    said = json.dumps({"message": f"your key {KEY}, {FORMS[1]}"}).encode()
    partial = {"value": [], "partialFailureErrors": [{"conversion_id": "v4", "message": KEY}]}
    page: Answer = (200, {"Content-Type": "text/html"}, f"<p>{KEY}</p>".encode())
    answers: list[Answer] = [page] * 6 + [(500, {}, said)] * 6 + [(400, {}, said)]
    answers += [(200, {}, json.dumps(partial).encode())] * 2 + [(403, {}, said)]
    with told(*answers) as server:
        home = journeys(server.url, [1] * 6)
        settings = api_settings(server.url, ihc_request_journeys="1")
        bad = ForkedLtv(home.settings.home, settings)("run", "--debug")
        assert len(server.received) == 16
        assert all(headers["x-api-key"] == KEY for headers in server.headers)
    assert (bad.code, "does not take the key (403)" in bad.err) == (1, True)
    assert "Traceback" in bad.err
    with simulator() as api:
        ltv = ForkedLtv(home.settings.home, api_settings(api.url))
        good = ltv("run")
        answers_of_others = [ltv("doctor"), ltv("attribution", "status", "--format", "json")]
    assert good.code == 0, good
    assert "ihc_api_key" not in answers_of_others[0].out
    assert "IHC_API_KEY" in answers_of_others[0].out
    figures = json.loads(answers_of_others[1].out)
    assert [(row["figure"], row["count"]) for row in figures] == [
        ("journeys paid", 5),
        ("journeys cached", 5),
        ("journeys over the cap", 0),
        ("journeys pending", 0),
        ("journeys rejected", 1),
        ("requests sent", 7),
        ("requests failed", 1),
        ("requests failed", 1),
        ("requests failed", 1),
        ("requests failed", 1),
        ("requests in doubt", 0),
    ]
    assert found_in(home) == []
    # The search would find it.
    (Path(home.settings.home) / "note").write_text(f"x{KEY}x")
    assert found_in(home) == [str(home.settings.home / "note")]
