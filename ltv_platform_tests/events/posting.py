"""Posts events without HTTP, and loads them."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ltv_platform.events.intake import Intake, Taken
from ltv_platform.ingestion.landing import ingest_landing
from ltv_platform.ingestion.requests import Outcome
from ltv_platform_tests.testing.home import Home

Row = Mapping[str, Any]


def ndjson(*rows: Row) -> bytes:
    """Rows as one JSON object per line."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def post(home: Home, table: str, *bodies: bytes | Row) -> list[Taken]:
    """Post bodies one after another to a server that is stopped then; each waits for the disk."""

    async def post_all() -> list[Taken]:
        intake = Intake(home.settings, home.graph.catalog.sources)
        async with intake.running():
            return [
                await intake.take(
                    table,
                    body if isinstance(body, bytes) else ndjson(body),
                    compressed=False,
                    wait=True,
                )
                for body in bodies
            ]

    return asyncio.run(post_all())


def load(home: Home) -> list[Outcome]:
    """Load what waits in landing; every file is loaded."""
    outcomes = ingest_landing(home.engine)
    assert [outcome.error for outcome in outcomes] == [None] * len(outcomes)
    return outcomes


def quarantined(home: Home, table: str) -> list[tuple[int, list[str]]]:
    """Line and reasons of the rows of a table in quarantine."""
    return [
        (line, reasons)
        for line, reasons in home.engine.rows(
            "SELECT line, reasons FROM raw.quarantine WHERE table_name = $table ORDER BY ALL",
            {"table": table},
        )
    ]


def counted(taken: Iterable[Taken]) -> list[tuple[int, int]]:
    """Successful and quarantined rows of each answer."""
    return [(each.successful, each.quarantined) for each in taken]
