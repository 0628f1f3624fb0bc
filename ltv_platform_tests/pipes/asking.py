"""Asks pipes about a home, as the routes do."""

from typing import TYPE_CHECKING, Any

from ltv_platform.pipes.answering import Answer, Answering
from ltv_platform.pipes.declared import all_pipes
from ltv_platform.pipes.model import MOST_ROWS, Pipe, Question, known_pipe
from ltv_platform.pipes.parameters import read_question
from ltv_platform.published.live import LiveSnapshot
from ltv_platform_tests.testing.home import Home

if TYPE_CHECKING:
    import pyarrow as pa


class Asking:
    """The pipes of a home.

    Args:
        home: The home, published.
        prepared: Whether tables are kept in memory, as a server does.
    """

    def __init__(self, home: Home, *, prepared: bool = True) -> None:
        self.home = home
        self.pipes = all_pipes(home.settings)
        self._live = LiveSnapshot(home.settings)
        self._answering = Answering(self._live.reading, home.graph)
        if prepared:
            self._live.prepare(self._answering.prepare)

    def close(self) -> None:
        """Close the snapshot."""
        self._live.close()

    def pipe(self, name: str) -> Pipe:
        """A pipe."""
        return known_pipe(self.pipes, name)

    def answer(self, name: str, /, *given: tuple[str, str], **parameters: Any) -> Answer:
        """The answer as it is written; ``given`` for repeated parameters."""
        pipe = self.pipe(name)
        texts = [*given, *((key, str(value)) for key, value in parameters.items())]
        return self._answering.answer(pipe, read_question(pipe, texts, self.home.settings))

    def frame(self, pipe: Pipe, question: Question) -> "pa.Table":
        """The answer as an Arrow table."""
        return self._answering.frame(pipe, question)

    def rows(
        self, name: str, /, *given: tuple[str, str], **parameters: Any
    ) -> list[dict[str, Any]]:
        """All rows, with the types of the contract."""
        pipe = self.pipe(name)
        texts = [*given, *((key, str(value)) for key, value in parameters.items())]
        found: list[dict[str, Any]] = []
        while True:
            page = [*texts, ("limit", str(MOST_ROWS)), ("offset", str(len(found)))]
            question = read_question(pipe, page, self.home.settings)
            rows = self.frame(pipe, question).to_pylist()
            found += rows
            if len(rows) < MOST_ROWS:
                return found
