"""Who may ask for what: the scope that a route needs.

Without any token, the server listens on loopback only and answers every request there.
"""

from http import HTTPStatus

from fastapi import Request

from ltv_platform.serving.callers import Caller
from ltv_platform.serving.errors import RefusedError
from ltv_platform.serving.services import Services

_TOKENS = "/docs#tokens"


def caller_of(request: Request) -> Caller:
    """Who sends a request."""
    caller: Caller = request.scope["caller"]
    return caller


def require(request: Request, scope: str, *others: str) -> str:
    """Refuse a request whose token may not do this.

    Args:
        request: The request.
        scope: What it asks for, as in ``READ:customer_ltv`` or ``APPEND:transactions``.
        others: Wider scopes that suffice too.

    Returns:
        The name of its token; empty without tokens.

    Raises:
        RefusedError: 403, with the scope that is missing.
    """
    services: Services = request.app.state.services
    caller = caller_of(request)
    if caller.token is not None and any(map(caller.token.may, (scope, *others))):
        return caller.token.name
    if services.open_to_all:
        return ""
    raise _refused(caller, scope)


def _refused(caller: Caller, scope: str) -> RefusedError:
    if caller.token is not None:
        message = f"The token {caller.token.name} does not have the scope {scope}."
        hint = f"It has {', '.join(sorted(caller.token.scopes))}."
    elif caller.presented:
        message = "The token is unknown or revoked."
        hint = "`ltv token create` makes a new one."
    else:
        message = "This needs a token."
        hint = "Send it as `Authorization: Bearer TOKEN` or as `?token=TOKEN`."
    return RefusedError(HTTPStatus.FORBIDDEN, message, hint, documentation=_TOKENS)
