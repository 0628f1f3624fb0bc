"""The one exception that a user sees.

Anything the user can fix (a wrong file, a bad setting, a held lock) is raised as
:class:`UserError`; the command line prints it and exits 2. Every other exception is a bug and exits
1.
"""


class UserError(Exception):
    """What happened, where, and what to do next.

    Args:
        message: What happened and where (file, line, column, table, partition).
        hint: What to do next; one sentence.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}\n{hint}" if hint else message)
        self.message = message
        self.hint = hint


class PassingError(UserError):
    """The request was right, and the cause is temporary: try again later."""


class BusyError(PassingError):
    """Another process holds a lock for now."""
