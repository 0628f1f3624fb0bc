"""Malicious data and servers: markup in names is shown as text, and no answer is trusted."""

import csv
import gzip
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import dagster as dg
import pytest

from ltv_platform.attribution.ihc_api.client import IhcClient, RequestError
from ltv_platform.reports.shell import NAVIGATION
from ltv_platform.settings import load_settings
from ltv_platform_tests.attribution.ihc_api.api_homes import DRIP, Answer, api_settings, scripted
from ltv_platform_tests.proofs.cases import Cases
from ltv_platform_tests.testing.command_line import CommandLine

CASES = Cases("attacks")

#: Names of campaigns, channels, countries, categories and customers.
_MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style><svg onload=alert(1)>",
    "![x](http://evil.example/x.png)",
    "[x](javascript:alert(1))",
    "{{ 7 * 7 }}{% raw %}",
)
_ESCAPES = ("\x1b]52;c;aGk=\x07", "\x9b31m", "\u202e", "\u2066", "\u200f", "[/x]", "[us] brand")
_OUR_PAGES = {f"{name}.html" for name in NAVIGATION}
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _write(path: Path, header: str, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


def _home(folder: Path, names: tuple[str, ...]) -> CommandLine:
    """A published home with these names wherever a name can be."""
    ltv = CommandLine(folder / "home")
    days = [f"2025-12-{day:02d} 10:00:00" for day in range(1, 9)]
    files = {
        "customers": (
            "customer_id,registration_date,country,acquisition_source,campaign_id",
            [[f"{n}{d}", day, n, n, n] for n in names for d, day in enumerate(days)],
        ),
        "campaigns": ("campaign_id,campaign_name", [[n, n] for n in names]),
        "campaign_costs": (
            "campaign_id,date,country,cost",
            [[n, day[:10], n, "2"] for n in names for day in days],
        ),
        "transactions": (
            "transaction_id,customer_id,transaction_date,amount,product_category",
            [
                [f"t{n}{d}", f"{n}{d}", day.replace("10:", "11:"), "5", n]
                for n in names
                for d, day in enumerate(days)
            ],
        ),
        "session_sources": (
            "session_id,user_id,channel_name,event_date,event_time,holder_engagement,"
            "closer_engagement",
            [
                [f"s{k}", f"u{k}", n, "2025-12-02", "10:00:00", "1", "1"]
                for k, n in enumerate(names)
            ],
        ),
        "conversions": (
            "conv_id,user_id,conv_date,conv_time,revenue",
            [[f"v{k}", f"u{k}", "2025-12-03", "10:00:00", "5"] for k in range(len(names))],
        ),
    }
    for table, (header, rows) in files.items():
        answer = ltv("ingest", table, _write(folder / f"{table}.csv", header, rows))
        assert answer.code == 0, answer.err
    assert ltv("run").code == 0
    return ltv


class _Page(HTMLParser):
    """What a browser would make of a page that is not the page's own."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.harm: set[str] = set()
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "base", "form"}:
            self.harm.add(f"<{tag}>")
        for name, value in attrs:
            address = (value or "").strip().lower()
            if name.startswith("on"):
                self.harm.add(name)
            ours = address.startswith(("data:", "#")) or address in _OUR_PAGES
            if name in {"src", "href"} and not ours:
                self.harm.add(f"{name}={value}")

    def handle_data(self, data: str) -> None:
        self.words += data


@CASES.case(
    "markup in names of campaigns, channels, countries, categories, customers: HTML reports",
    "3 pages, nothing in force, campaigns shown by their names",
)
def markup_in_names_is_shown_by_reports(folder: Path) -> str:
    ltv = _home(folder, _MARKUP)
    harm: set[str] = set()
    words = {}
    for name in ("campaigns", "channels", "customers"):
        assert ltv("report", name).code == 0
        page = _Page((ltv.home / "reports" / f"{name}.html").read_text("utf-8"))
        harm |= page.harm
        words[name] = page.words
    shown = all(" ".join(n.split()) in " ".join(words["campaigns"].split()) for n in _MARKUP)
    return (
        f"{len(words)} pages, {', '.join(sorted(harm)) or 'nothing'} in force, campaigns "
        f"{'shown by their names' if shown else 'with other names'}"
    )


def _markdown(home: Path) -> Iterator[str]:
    """All Markdown in Dagster's history, images unpacked."""
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        for run in instance.get_runs():
            for entry in instance.all_logs(run.run_id):
                event: Any = entry.dagster_event
                about = getattr(event and event.event_specific_data, "materialization", None)
                check = getattr(event and event.event_specific_data, "metadata", None)
                for values in (about and about.metadata, check):
                    for value in (values or {}).values():
                        if isinstance(value, dg.MarkdownMetadataValue):
                            yield str(value.value)


@CASES.case(
    "the same names: Markdown in Dagster's history",
    "charts only, as embedded images; nothing in force",
)
def markup_in_names_is_shown_by_dagster(folder: Path) -> str:
    ltv = _home(folder, _MARKUP)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LTV_EVENT_LOG", str(ltv.home / "dagster" / "history"))
        texts = list(_markdown(ltv.home))
    images = [re.fullmatch(r"!\[\]\(data:image/svg\+xml,([^()\s\"']*)\)", t) for t in texts]
    harm = {h for image in images if image for h in _Page(unquote(image[1])).harm}
    only = texts and all(images)
    return (
        f"{'charts only, as embedded images' if only else texts}; "
        f"{', '.join(sorted(harm)) or 'nothing'} in force"
    )


@CASES.case(
    "escape sequences, direction marks and terminal markup in names, ids, file names",
    "every command ends as it should, nothing in force",
)
def escape_sequences_are_shown_by_the_terminal(folder: Path) -> str:
    ltv = _home(folder, tuple(f"{sign}a" for sign in _ESCAPES))
    bad = folder / f"bad{_ESCAPES[0]}{_ESCAPES[2]}[x].csv"
    _write(bad, "customer_id,registration_date", [[f"x{_ESCAPES[0]}", f"2025-13-{_ESCAPES[0]}"]])
    seen = []
    for command in (
        ("ingest", "customers", bad),
        ("ingest", "customers", folder / f"gone{_ESCAPES[0]}.csv"),
        ("quarantine", "list"),
        ("query", "FROM customers"),
        ("query", f'SELECT 1 AS "{_ESCAPES[0]}"'),
        ("query", f'SELECT "{_ESCAPES[0]}"'),
        ("report", "campaigns"),
        ("report", "channels"),
        ("report", "customers"),
        ("attribution", "status"),
        ("lineage", _ESCAPES[0]),
    ):
        answer = ltv(*command)
        said = answer.out + answer.err
        if answer.code not in {0, 2} or _OBEYED.search(said) or "defect" in said:
            seen.append(f"{command[0]}: exit {answer.code}")
    return "; ".join(seen) or "every command ends as it should, nothing in force"


@CASES.case(
    "formulas in names: `ltv export --csv`",
    "4 of 4 begin with an apostrophe, a negative number is a number",
)
def formulas_in_names_are_text_in_csv(folder: Path) -> str:
    formulas = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)")
    ltv = _home(folder, (*formulas, "-5"))
    assert ltv("export", "--csv", folder / "out", "--tables", "campaign_summary").code == 0
    with (folder / "out" / "campaign_summary.csv").open(encoding="utf-8", newline="") as file:
        names = [row["campaign_name"] for row in csv.DictReader(file)]
    marked = sum(f"'{name}" in names for name in formulas)
    number = "a number" if "-5" in names else "a text"
    return f"{marked} of {len(formulas)} begin with an apostrophe, a negative number is {number}"


def _asked(folder: Path, url: str, **settings: Any) -> str:
    given = {**api_settings(url), "ihc_backoff": 0, "home": folder / "home", **settings}
    try:
        IhcClient(load_settings(**given)).compute({"customer_journeys": []})
    except RequestError as error:
        return str(error)
    return "an answer"


@CASES.case(
    "the IHC API redirects: 301, 302, 303, 307, 308, also with an endless body",
    "the other host was asked 0 times; the API answers 301, 302, 303, 307, 308",
)
def the_ihc_api_points_to_another_host(folder: Path) -> str:
    said = []
    with scripted(200) as other:
        for status in (301, 302, 303, 307, 308):
            answer = (status, {"Location": f"{other.url}/v1/compute_ihc"}, b" " * (33 << 20))
            with scripted(answer) as api:
                said.append(re.sub(r"\D*(\d{3}).*", r"\1", _asked(folder, api.url)))
        asked = len(other.received)
    return f"the other host was asked {asked} times; the API answers {', '.join(said)}"


@CASES.case(
    "the IHC API answers with 100 MiB, 100 MiB in 100 KiB, garbage as gzip, single bytes",
    "longer than 32 MiB, longer than 32 MiB, cannot be decompressed, no complete answer in time",
)
def the_ihc_api_answers_more_than_anybody_asked(folder: Path) -> str:
    answers: tuple[Answer, ...] = (
        (200, {}, b" " * (100 << 20)),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(100 << 20))),
        (200, {"Content-Encoding": "gzip"}, b"garbage"),
        (200, {DRIP: "0.05"}, b" " * 10_000),
    )
    seen = []
    for answer in answers:
        with scripted(answer) as api:
            said = _asked(folder, api.url, ihc_timeout=0.5 if DRIP in answer[1] else 30)
        words = re.search(
            "longer than 32 MiB|cannot be decompressed|no complete answer in time", said
        )
        seen.append(words[0] if words else said)
    return ", ".join(seen)


@CASES.case(
    "another user of the machine looks into LTV_HOME",
    "0 files and folders that others may read, write or enter",
)
def another_user_looks_into_ltv_home(folder: Path) -> str:
    ltv = _home(folder, ("a",))
    open_to_others = [
        path
        for path in (ltv.home, *ltv.home.rglob("*"))
        if not path.is_symlink() and path.stat().st_mode & 0o077
    ]
    return f"{len(open_to_others)} files and folders that others may read, write or enter"
