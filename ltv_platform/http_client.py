"""What our HTTP clients share: sessions without built-in retries, and plain error messages.

Each client decides which responses are worth a retry; ``tenacity`` does the retrying.
"""

import email.utils
import time
from datetime import UTC, datetime

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

_PIECE = 1 << 16


class _Session(requests.Session):
    """Ignores redirects: even without following them, the library reads their whole bodies."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None, regardless of where a response points."""


def plain_session() -> requests.Session:
    """A session that sends each request once, and only to the address it was given.

    The library's own retries silently skip POST and obey any Retry-After.
    """
    session = _Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=0))
    return session


def describe(error: Exception, limit: str) -> str:
    """What went wrong, without the library's object representations.

    Args:
        error: What the library raised.
        limit: The setting that limits the waiting, as in ``LTV_IHC_TIMEOUT``.
    """
    match error:
        case requests.Timeout():
            return f"no answer in time ({limit})"
        case requests.exceptions.ChunkedEncodingError():
            return "the answer was cut off"
        case requests.ConnectionError():
            return f"no connection: {_root(error)}"
        case _:
            return f"{type(error).__name__}: {_root(error)}"


def body_of(
    response: requests.Response, *, most: int, seconds: float, limit: str
) -> tuple[bytes, str]:
    """The unpacked body of a streamed response up to a limit, and what is wrong with it.

    A server may send without end, one byte at a time, or a small body that unpacks to a huge one.

    Args:
        response: The response, requested with ``stream=True``.
        most: The most bytes to read.
        seconds: How long it may take in all; the library's own timeout applies to each chunk.
        limit: The setting that sets the seconds, for the message.
    """
    until, body = time.monotonic() + seconds, bytearray()
    try:
        # Not read(): it waits until a chunk is full.
        while piece := response.raw.read1(_PIECE, decode_content=True):
            body += piece
            if len(body) > most:
                return b"", f"the answer is longer than {most >> 20} MiB"
            if time.monotonic() > until:
                return b"", f"no complete answer in time ({limit})"
    except urllib3.exceptions.DecodeError:
        return b"", "the answer cannot be decompressed"
    except urllib3.exceptions.TimeoutError:
        return b"", f"no complete answer in time ({limit})"
    except (urllib3.exceptions.HTTPError, OSError):
        return b"", "the answer was cut off"
    return bytes(body), ""


def _root(error: BaseException) -> BaseException:
    """The root cause: libraries wrap it in messages about their own objects."""
    while (earlier := error.__cause__ or error.__context__) is not None:
        error = earlier
    return error


def retry_after(response: requests.Response, now: datetime) -> float:
    """Seconds that the server asks to wait, given as a number or a date; 0 if it does not."""
    given = response.headers.get("Retry-After", "").strip()
    if given.isdecimal():
        return float(given)
    try:
        then = email.utils.parsedate_to_datetime(given)
    except ValueError:
        return 0.0
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - now).total_seconds())
