"""The log of the server: to stderr, and without tokens."""

import logging
import re

#: Our tokens, and anything presented as a token.
_SECRET = re.compile(
    r"\bltv_[0-9a-f]{8}_[\w-]+"
    r"|(?<=token=)[^&\s\"']+"
    r"|(?<=ltv_token=)[^;\s\"']+"
    r"|(?<=bearer )\s*[^\s\"',]+",
    re.IGNORECASE,
)
_FORM = "%(asctime)s %(levelname)s %(message)s"


def without_secrets(text: str) -> str:
    """A text with all tokens replaced by ``[token]``."""
    return _SECRET.sub("[token]", text)


class Redacting(logging.Formatter):
    """Formats records, tracebacks included, without tokens."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as text."""
        return without_secrets(super().format(record))


def log_to_stderr(*, access: bool) -> None:
    """Send the messages of the server and of its libraries to stderr.

    Args:
        access: Whether each request has a line.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(Redacting(_FORM))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # It warns of every line that is not HTTP, which anybody can send, and logs the errors that
    # `measuring` has logged before and `server` raises.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    level = logging.INFO if access else logging.WARNING
    logging.getLogger("ltv_platform.serving.access").setLevel(level)
