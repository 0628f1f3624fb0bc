"""What our HTTP clients have in common: sessions without retries of their own, and plain words.

Which answers are worth another try is decided by each client; ``tenacity`` does the trying.
"""

import email.utils
from datetime import UTC, datetime

import requests
from requests.adapters import HTTPAdapter


def plain_session() -> requests.Session:
    """A session that sends each request once.

    The library's own retries pass over POST in silence and obey any Retry-After.
    """
    session = requests.Session()
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
            return "the answer broke off"
        case requests.ConnectionError():
            return f"no connection: {_root(error)}"
        case _:
            return f"{type(error).__name__}: {_root(error)}"


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
