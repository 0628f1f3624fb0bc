"""A case: what is done, what is expected, and the function that does it and says what it saw."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: Does what the case says in an empty folder; returns what was seen, worded as the expectation.
Act = Callable[[Path], str]


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Attributes:
        group: What the case belongs to, such as "bad input".
        done: What is done to the data.
        expected: What must be seen, word for word.
        act: Does it.
    """

    group: str
    done: str
    expected: str
    act: Act


class Cases(list[Case]):
    """The cases of one group, in the order in which they are written down.

    Args:
        group: The name of the group.
    """

    def __init__(self, group: str) -> None:
        super().__init__()
        self.group = group

    def case(self, done: str, expected: str) -> Callable[[Act], Act]:
        """Decorates the function that does and sees it."""

        def keep(act: Act) -> Act:
            self.append(Case(self.group, done, expected, act))
            return act

        return keep
