"""The IHC API over HTTP: sends one request, with retries. Others decide which journeys to send.

The key is only in a header of the request: not in messages, not in any ``repr``, and it is removed
from responses before they are passed on.
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from ltv_platform.attribution.ihc_api.access import api_access
from ltv_platform.errors import UserError
from ltv_platform.http_client import body_of, describe, plain_session, retry_after
from ltv_platform.settings import API_KEY, Settings

#: Attempts per request, including the first.
TRIES = 6
#: Longest wait in seconds, even if Retry-After asks for more.
LONGEST_WAIT = 60.0
#: Retried besides 5xx: request timeout, too early, too many requests.
_RETRIED = {408, 425, 429}
_LONGEST_MESSAGE = 300
#: Most bytes of a response, in MB; those to the largest requests have two.
_LONGEST_ANSWER = 32 << 20


class RequestError(Exception):
    """A request got no usable answer, and is not sent again in this run.

    Args:
        reason: What happened, without the key.
        refused: The API rejected the request itself (400).
    """

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refused = refused


class RequestTooLargeError(RequestError):
    """HTTP 413: a request with fewer journeys may succeed."""


class _PassingError(Exception):
    """A temporary failure: the request is retried."""

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class IhcClient:
    """Sends requests to the IHC API.

    Args:
        settings: Key, address, conversion type, timeout, first wait, and the clock for a
            Retry-After with a date.
        sleep: Waits the given seconds.
        uniform: A random number between two.

    Raises:
        UserError: the key is not valid in a header, or LTV_IHC_CONVERSION_TYPE is not set.
    """

    def __init__(
        self,
        settings: Settings,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._key, self._conversion_type = api_access(settings)
        self._url = f"{settings.ihc_url}/v1/compute_ihc"
        self._timeout = settings.ihc_timeout
        self._backoff = settings.ihc_backoff
        self._now = settings.current_time
        self._sleep = sleep
        self._uniform = uniform
        self._session = plain_session()

    def __repr__(self) -> str:
        return f"IhcClient({self._url})"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def compute(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request: ``value`` and ``partialFailureErrors``, both lists.

        Raises:
            UserError: the API does not accept the key (401, 403).
            RequestTooLargeError: 413.
            RequestError: it was rejected for another reason, or every attempt failed.
        """
        text = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        retrying = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=self._wait,
            retry=retry_if_exception_type(_PassingError),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._try, text)
        except _PassingError as error:
            failure = error.reason
        raise RequestError(f"{failure} ({TRIES} tries)")

    def redacted(self, text: str) -> str:
        """A message of a server or library: short, in one line, without the key."""
        forms = {self._key, quote(self._key, safe=""), json.dumps(self._key)[1:-1]}
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, f"({API_KEY})")
        text = " ".join(text.split())
        return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"

    def _wait(self, state: RetryCallState) -> float:
        """Full jitter, U(0, min(60, first · 2^n)); Retry-After is a floor, 60 s the ceiling."""
        spread = min(LONGEST_WAIT, self._backoff * 2.0 ** (state.attempt_number - 1))
        error = state.outcome.exception() if state.outcome is not None else None
        floor = error.retry_after if isinstance(error, _PassingError) else 0.0
        return min(LONGEST_WAIT, max(floor, self._uniform(0.0, spread)))

    def _try(self, text: bytes) -> dict[str, Any]:
        """Send it once."""
        try:
            with self._session.post(
                self._url,
                params={"conv_type_id": self._conversion_type},
                data=text,
                headers={"x-api-key": self._key, "Content-Type": "application/json"},
                timeout=self._timeout,
                # No redirects: the key is only for this address.
                allow_redirects=False,
                stream=True,
            ) as response:
                return self._read(response)
        except requests.RequestException as error:
            broken = describe(error, "LTV_IHC_TIMEOUT")
        # Raised outside the handler, so that a traceback does not show the library's message.
        raise _PassingError(self.redacted(broken))

    def _read(self, response: requests.Response) -> dict[str, Any]:
        """The body of a response; checks both the HTTP status and the status in the body."""
        body, problem = body_of(
            response, most=_LONGEST_ANSWER, seconds=self._timeout, limit="LTV_IHC_TIMEOUT"
        )
        content, problem = ({}, problem) if problem else _parse(response, body)
        status = response.status_code
        if status == HTTPStatus.OK and isinstance(content.get("statusCode"), int):
            status = content["statusCode"]
        if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            if not problem:
                return content
            raise _PassingError(self.redacted(problem))
        text = self.redacted(f"the API answers {status}{_error_message(content)}")
        if status in _RETRIED or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _PassingError(text, retry_after(response, self._now()))
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise UserError(
                f"The IHC API rejects the key ({status}): unscored journeys stay pending.",
                f"Correct {API_KEY}, or set LTV_IHC_ENGINE=local, and run `ltv run` again.",
            )
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise RequestTooLargeError(text)
        raise RequestError(text, refused=status == HTTPStatus.BAD_REQUEST)


def _parse(response: requests.Response, body: bytes) -> tuple[dict[str, Any], str]:
    """The JSON object of a response (empty if there is none), and why it is not a valid answer."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        page = kind == "text/html" or body.lstrip()[:1] == b"<"
        return {}, f"the API answers {'an HTML page' if page else 'something'} that is not JSON"
    if not isinstance(content, dict):
        return {}, "the API answers JSON that is not an object"
    content["partialFailureErrors"] = content.get("partialFailureErrors") or []
    for name in ("value", "partialFailureErrors"):
        if not isinstance(content.get(name), list):
            return content, f"the API's answer has no list {name!r}"
    return content, ""


def _error_message(content: Mapping[str, Any]) -> str:
    """The message in the body of an error response, if any."""
    for name in ("message", "error", "errorMessage", "detail"):
        if isinstance(content.get(name), str):
            return f": {content[name]}"
    return ""
