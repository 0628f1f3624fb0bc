"""The table of hostile inputs, by family."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ltv_platform_tests.serving.hostile.inputs import (
    agents,
    bodies,
    names,
    protocol,
    questions,
    slow,
)
from ltv_platform_tests.serving.hostile.inputs.model import Hostile

#: Makes the inputs of a family; the folder has files that they name and must not reach.
Family = Callable[[Path], Iterator[Hostile]]

FAMILIES: Mapping[str, Family] = {
    "SQL in parameters of pipes": questions.of_pipes,
    "SQL in questions to metrics": questions.of_metrics,
    "messages to the tools for agents": agents.of_messages,
    "limits, offsets and dates": lambda _: questions.of_limits(),
    "shapes of parameters": lambda _: questions.of_shapes(),
    "filters of pages": questions.of_pages,
    "paths as names": names.of_paths,
    "odd bytes": lambda _: names.of_bytes(),
    "large bodies": lambda _: bodies.of_sizes(),
    "compressed bodies": lambda _: bodies.of_compression(),
    "bodies that are not rows": lambda _: bodies.of_json(),
    "rows that break the contract": lambda _: bodies.of_rows(),
    "content types": lambda _: bodies.of_types(),
    "request smuggling": lambda _: protocol.of_smuggling(),
    "first lines and upgrades": lambda _: protocol.of_lines(),
    "methods": lambda _: protocol.of_methods(),
    "long addresses and headers": lambda _: protocol.of_sizes(),
    "other sites": lambda _: protocol.of_browsers(),
    "clients that leave": lambda _: slow.of_leaving_clients(),
}
#: Sent all at once: each of them waits for the server to lose its patience.
SLOW: Family = lambda _: slow.of_slow_clients()  # noqa: E731
