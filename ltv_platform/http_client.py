"""What our HTTP clients have in common: sessions without retries of their own, and plain words.

Which answers are worth another try is decided by each client; ``tenacity`` does the trying.
"""

import email.utils
import time
from datetime import UTC, datetime

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

_PIECE = 1 << 16


class _Session(requests.Session):
    """Knows no redirects: also where it follows none, the library reads all of their bodies."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None, wherever an answer points to."""


def plain_session() -> requests.Session:
    """A session that sends each request once, and to no other address than its own.

    The library's own retries pass over POST in silence and obey any Retry-After.
    """
    session = _Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=0))
    return session


def describe(error: Exception, limit: str) -> str:
    """What went wrong on the way, without objects of the library in it.

    Args:
        error: What the library raised.
        limit: What ends the waiting for an answer, as in ``LTV_IHC_TIMEOUT``.
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
    """The unpacked body of a streamed answer, as far as it is wanted, and what is wrong with it.

    Whoever answers may send without end, a byte at a time, or a little that unpacks to much.

    Args:
        response: The answer; asked for with ``stream=True``.
        most: Bytes that are taken at the most.
        seconds: How long it may take; a timeout of the library's holds for each piece of it.
        limit: What sets the seconds, for the message.
    """
    until, body = time.monotonic() + seconds, bytearray()
    try:
        # Not read(): that waits until a piece is full.
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
    """What it began with: libraries wrap it in words about their own objects."""
    while (earlier := error.__cause__ or error.__context__) is not None:
        error = earlier
    return error


def retry_after(response: requests.Response, now: datetime) -> float:
    """Seconds that the server asks for, given as such or as a date; 0 where it does not."""
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
