"""docs/agents.md: configurations that parse, and the tools that there are."""

import json
import re

from ltv_platform.agents.tools import tools
from ltv_platform.serving.mcp import PATH, SCOPE
from ltv_platform.settings import Settings
from ltv_platform_tests.testing import ROOT

PAGE = (ROOT / "docs/agents.md").read_text("utf-8")


def test_configurations_start_the_command_or_name_the_route() -> None:
    """Each is JSON of its client; the shell lines say the same."""
    blocks = [json.loads(text) for text in re.findall(r"(?s)```json\n(.*?)```", PAGE)]
    servers = [
        server
        for block in blocks
        for server in (block.get("mcpServers") or block["servers"]).values()
    ]
    assert len(servers) == 4
    for server in servers:
        if "command" in server:
            assert (server["args"], list(server["env"])) == (["mcp"], ["LTV_HOME"])
        else:
            assert server["url"].endswith(f":8123{PATH}")
            assert server["headers"]["Authorization"].startswith("Bearer ${")
    assert f"http://127.0.0.1:8123{PATH} --header" in PAGE
    assert f"--scope {SCOPE}" in PAGE


def test_every_tool_is_described() -> None:
    """The table lists those that are always there; free SQL has its own section."""
    listed = re.findall(r"(?m)^\| `(\w+)` \|", PAGE)
    assert listed == [tool.name for tool in tools(Settings())]
    assert "`query_sql`" in PAGE.partition("## Free SQL")[2]
