"""The exam: sixty questions about the bundled sample, asked by the official client.

It asks two real processes, ``ltv mcp`` over stdin and ``ltv serve`` over HTTP. Figures must be
exactly those of SQL by hand or of the planted truths; fifteen questions must be refused.
"""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from ltv_platform.bundled import bundled_data
from ltv_platform_tests.agents.answered import FIGURES
from ltv_platform_tests.agents.exam import (
    Answered,
    Looked,
    Refused,
    answered_values,
    expected_values,
    states_of,
)
from ltv_platform_tests.agents.looked import LOOKED, QUERY
from ltv_platform_tests.agents.refused import REFUSED
from ltv_platform_tests.serving.server_process import server_process
from ltv_platform_tests.testing.command_line import CommandLine
from ltv_platform_tests.testing.forked import SAMPLE_NOW
from ltv_platform_tests.testing.home import Home

pytestmark = pytest.mark.slow(40)


@dataclass(frozen=True)
class Given:
    """What the client got for a question.

    Attributes:
        refused: Whether the tool says that it is an error.
        text: The text.
        content: The structured content.
    """

    refused: bool
    text: str
    content: Any


Answers = dict[str, Given]


def _tool(question: Answered | Looked | Refused) -> str:
    return QUERY if isinstance(question, Answered) else question.tool


def _asked(connecting: AbstractAsyncContextManager[Client]) -> Answers:
    """All questions in one session; the client compares answers with the schemas."""

    async def ask() -> Answers:
        found = {}
        async with connecting as client:
            for question in (*FIGURES, *LOOKED, *REFUSED):
                result = await client.call_tool(_tool(question), dict(question.arguments))
                [text] = [part.text for part in result.content if part.type == "text"]
                found[question.question] = Given(
                    bool(result.is_error), text, result.structured_content
                )
        return found

    return asyncio.run(ask())


@asynccontextmanager
async def _over_http(address: str, token: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(address, http_client=http)) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def home(published_sample: Home, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A home with the published sample, for processes that write tokens and events."""
    folder = tmp_path_factory.mktemp("exam") / "home"
    published = published_sample.settings.published_path
    shutil.copytree(published, folder / published.name)
    return CommandLine(folder, {"now": SAMPLE_NOW})


@pytest.fixture(scope="module", params=["stdio", "http"])
def answers(request: pytest.FixtureRequest, home: CommandLine) -> Iterator[Answers]:
    """The answers to all questions over a transport."""
    if request.param == "stdio":
        command = StdioServerParameters(
            command=sys.executable,
            args=["-m", "ltv_platform.cli", "mcp"],
            env=home.environment(),
        )
        # The older protocol, of most clients.
        yield _asked(Client(command, mode="legacy"))
        return
    created = home("token", "create", "agent", "--scope", "READ:mcp")
    token = created.out.strip()
    with server_process(home.home, now=SAMPLE_NOW) as server:
        yield _asked(_over_http(f"http://127.0.0.1:{server.port}/mcp", token))


@pytest.fixture(scope="module")
def truths() -> Any:
    """The truths of the sample."""
    return json.loads((Path(str(bundled_data())) / "sample/truths.json").read_text("utf-8"))


def test_there_are_sixty_questions() -> None:
    """Fifteen of them must be refused; no question is asked twice."""
    questions = [question.question for question in (*FIGURES, *LOOKED, *REFUSED)]
    assert len(set(questions)) == len(questions) == 60
    assert len(REFUSED) == 15


@pytest.mark.parametrize("question", FIGURES, ids=lambda question: question.question)
def test_figures_are_those_of_sql_by_hand(
    answers: Answers, published_sample: Home, question: Answered
) -> None:
    """All digits; with states, definition and as_of."""
    given = answers[question.question]
    assert not given.refused, given.text
    content = given.content
    sql = f"SELECT * FROM ({question.sql})"
    expected = expected_values([tuple(row.values()) for row in published_sample.published(sql)])
    assert expected, "a question without figures asks nothing"
    assert answered_values(content) == expected
    assert states_of(content) <= question.states
    assert content["as_of"] == "2026-11-29"
    assert content["snapshot"]
    assert all(metric["definition"] for metric in content["metrics"])
    if question.first:
        assert next(iter(content["rows"][0]["labels"].values())) == question.first
    for words in question.says:
        assert words in given.text


@pytest.mark.parametrize("question", LOOKED, ids=lambda question: question.question)
def test_what_is_known_about_the_data(
    answers: Answers, truths: Any, published_sample: Home, question: Looked
) -> None:
    """The planted truths, and the tables themselves."""
    given = answers[question.question]
    assert not given.refused, given.text

    def sql(text: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in published_sample.published(text)]

    question.check(given.content, truths, sql)


@pytest.mark.parametrize("question", REFUSED, ids=lambda question: question.question)
def test_what_cannot_be_answered_is_refused(answers: Answers, question: Refused) -> None:
    """With the reason and the nearest that can be answered, and without any figure."""
    given = answers[question.question]
    assert given.refused
    assert given.content is None
    assert question.reason in given.text
    assert question.nearest in given.text


def test_no_answer_has_personal_data(answers: Answers, published_sample: Home) -> None:
    """No id of a customer occurs in anything that the client got."""
    everything = json.dumps([[given.text, given.content] for given in answers.values()])
    customers = published_sample.values("SELECT customer_id FROM customers")
    assert [one for one in customers if f'"{one}"' in everything] == []


def test_each_value_has_its_state_in_words(answers: Answers) -> None:
    """A line of the text that has a figure says how much of it is known."""
    words = ("OBSERVED", "PARTIAL", "PREDICTED", "NOT KNOWN YET", "nothing to divide by", "no rows")
    for question in FIGURES:
        lines = answers[question.question].text.splitlines()
        values = [line for line in lines if line.startswith("- ")]
        assert values
        assert [line for line in values if not any(word in line for word in words)] == []
