"""The key is in no log, event, metadata, table or error, whatever the server answers."""

import json
from collections import Counter
from urllib.parse import quote

from ltv_platform.published.current import require_snapshot
from ltv_platform.published.query import open_snapshot
from ltv_platform_tests.attribution.ihc_api.api_homes import KEY, Answer, api_settings, scripted
from ltv_platform_tests.attribution.ihc_api.conftest import MakeHome
from ltv_platform_tests.testing.forked import ForkedLtv
from ltv_platform_tests.testing.home import Home

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
    """A page, failures, a rejection and a refusal that all repeat the key, and a good answer."""
    said = json.dumps({"message": f"your key {KEY}, {FORMS[1]}"}).encode()
    partial = {"value": [], "partialFailureErrors": [{"conversion_id": "v4", "message": KEY}]}
    row = {"initializer": 1, "holder": 0, "closer": 1, "ihc": 1, "session_id": "s5_1"}
    good = {"value": [{"conversion_id": "v5", **row}], "note": KEY}
    answers: list[Answer] = [(200, {"Content-Type": "text/html"}, f"<p>{KEY}</p>".encode())] * 6
    answers += [(500, {"Retry-After": "0"}, said)] * 6 + [(400, {"X-Key": KEY}, said)]
    answers += [(200, {}, json.dumps(answer).encode()) for answer in (partial, partial, good)]
    with scripted(*answers, (403, {}, said)) as server:
        home = journeys(server.url, [1] * 7)
        few = {"ihc_request_journeys": "1", "start_date": "2025-12-01", "horizons": "1,7"}
        ltv = ForkedLtv(home.settings.home, api_settings(server.url, **few))
        run = ltv("run", "--debug")
        assert len(server.received) == 17
        assert all(headers["x-api-key"] == KEY for headers in server.headers)
    assert (run.code, "rejects the key (403)" in run.err, "Traceback" in run.err) == (
        1,
        True,
        True,
    )
    assert "IHC_API_KEY" in ltv("doctor").out
    status = json.loads(ltv("attribution", "status", "--format", "json").out)
    counts = Counter[str]()
    for figure in status:
        counts[figure["figure"]] += figure["count"]
    assert counts == {
        "journeys paid": 1,
        "journeys cached": 1,
        "journeys over the cap": 0,
        "journeys pending": 4,
        "journeys rejected": 2,
        "requests sent": 7,
        "requests failed": 4,
        "requests in doubt": 0,
    }
    assert found_in(home) == []
    note = home.settings.home / "note"  # the search would find it
    note.write_text(f"x{KEY}x")
    assert found_in(home) == [str(note)]
