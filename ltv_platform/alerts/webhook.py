"""Sends one message to the webhook, with retries.

The address is a secret: it is never written to a message, log or file, and it is removed from the
receiver's responses.
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
)

from ltv_platform.http_client import describe, plain_session, retry_after

#: Seconds to connect, and to wait for each chunk of a response.
_CONNECT, _READ = 3.0, 5.0
#: Attempts per message and delivery; a message that failed stays in the outbox.
TRIES = 3
#: Seconds after which no attempt is started: Dagster ends a sensor's tick after 60.
BUDGET = 15.0
#: Longest first wait in seconds; each further one is twice as long.
_FIRST_WAIT = 0.5
#: Retried besides 5xx: request timeout, too early, too many requests.
_RETRIED = {408, 425, 429}
#: The receiver rejects the message itself.
_REFUSED = {400, 413, 422}
#: Most bytes of a response to read: Slack answers with one word.
_LOOKED_AT = 200
#: Shorter parts of an address are common words, not secrets.
_LEAST_SECRET = 6


@dataclass(frozen=True)
class Answer:
    """The result of sending a message.

    Attributes:
        delivered: The receiver accepted it.
        text: The response or error, without the address.
        refused: The receiver rejected the message itself.
        retry_after: Seconds that the receiver asks to wait.
    """

    delivered: bool
    text: str
    refused: bool = False
    retry_after: float = 0.0


class _PassingError(Exception):
    """A failure that may be temporary."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.text)
        self.answer = answer


class Webhook:
    """Sends messages to one address.

    Args:
        address: The address.
        sleep: Waits the given seconds.
        uniform: A random number between two.
        timeout: Seconds to connect, and to wait for each chunk of a response.
    """

    def __init__(
        self,
        address: str,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        timeout: tuple[float, float] = (_CONNECT, _READ),
    ) -> None:
        self._address = address
        self._sleep = sleep
        self._uniform = uniform
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"Webhook({self.host})"

    @property
    def host(self) -> str:
        """The host of the address; the rest is secret."""
        return urlsplit(self._address).hostname or ""

    def send(self, body: Mapping[str, Any]) -> Answer:
        """Send a message, with retries while they may help and :data:`BUDGET` lasts."""
        text = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        retrying = Retrying(
            stop=stop_after_attempt(TRIES) | stop_before_delay(BUDGET),
            wait=self._wait,
            retry=retry_if_exception_type(_PassingError),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._try, text)
        except _PassingError as error:
            return error.answer

    def _wait(self, state: RetryCallState) -> float:
        """Full jitter, U(0, first · 2^n); Retry-After is a floor."""
        spread = _FIRST_WAIT * 2.0 ** (state.attempt_number - 1)
        error = state.outcome.exception() if state.outcome is not None else None
        floor = error.answer.retry_after if isinstance(error, _PassingError) else 0.0
        return max(floor, self._uniform(0.0, spread))

    def _try(self, text: bytes) -> Answer:
        """Send it once."""
        try:
            with (
                plain_session() as session,
                session.post(
                    self._address,
                    data=text,
                    headers={"Content-Type": "application/json; charset=utf-8"},
                    timeout=self._timeout,
                    # No redirects: elsewhere the message would arrive as a GET.
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                return self._read(response)
        except (requests.RequestException, ValueError) as error:  # a host like a..b is the latter
            broken = describe(error, f"{self._timeout[1]:g} s")
        # Raised outside the handler, so that a traceback does not show the library's message.
        raise _PassingError(Answer(False, self._redacted(broken)))

    def _read(self, response: requests.Response) -> Answer:
        status = response.status_code
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return Answer(True, f"{status}{self._beginning(response)}")
        if status < HTTPStatus.BAD_REQUEST:
            return Answer(
                False, f"{status}: it redirects to another address, which is not followed"
            )
        answer = Answer(
            False,
            f"{status}{self._beginning(response)}",
            refused=status in _REFUSED,
            retry_after=retry_after(response, datetime.now(UTC)),
        )
        if status in _RETRIED or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _PassingError(answer)
        return answer

    def _beginning(self, response: requests.Response) -> str:
        """The beginning of the body in one line; does not wait for a slow body."""
        give_up = time.monotonic() + self._timeout[1]
        body = bytearray()
        try:
            for piece in response.iter_content(1):
                body += piece
                if len(body) >= _LOOKED_AT or time.monotonic() > give_up:
                    break
        except requests.RequestException:  # only the status matters
            body.clear()
        text = self._redacted(bytes(body).decode("utf-8", "replace"))
        return f": {text}" if text else ""

    def _redacted(self, text: str) -> str:
        """Foreign text in one line, without the address or parts of it."""
        parts = urlsplit(self._address)
        secrets = {self._address, parts.username or "", parts.password or "", parts.query}
        secrets |= {f"{parts.path}?{parts.query}" if parts.query else parts.path}
        secrets |= {*parts.path.split("/"), *parts.query.replace("=", "&").split("&")}
        secrets = {secret for secret in secrets if len(secret) >= _LEAST_SECRET}
        secrets |= {unquote(secret) for secret in secrets}
        secrets |= {quote(secret, safe="") for secret in secrets}
        for secret in sorted(secrets, key=len, reverse=True):
            text = text.replace(secret, "(LTV_ALERT_WEBHOOK)")
        text = "".join(c if c.isprintable() else " " for c in text)
        return " ".join(text.split())
