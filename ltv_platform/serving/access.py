"""Who may ask for what: the token of a request and its scope.

Without any token configured, the server listens on loopback only and answers everybody there.
"""

from http import HTTPStatus

from fastapi import Request

from ltv_platform.serving.errors import RefusedError
from ltv_platform.serving.services import Services

_TOKENS = "/docs#tokens"


def require(request: Request, scope: str) -> str:
    """Refuse a request whose token may not do this.

    Args:
        request: The request.
        scope: What it asks for, as in ``READ:customer_ltv`` or ``APPEND:transactions``.

    Returns:
        The name of its token; empty without tokens.

    Raises:
        RefusedError: 403, with the scope that is missing.
    """
    services: Services = request.app.state.services
    if services.open_to_all:
        return ""
    presented = presented_token(request)
    if not presented:
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            "This needs a token.",
            "Send it as `Authorization: Bearer TOKEN` or as `?token=TOKEN`.",
            documentation=_TOKENS,
        )
    token = services.tokens.find(presented)
    if token is None:
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            "The token is unknown or revoked.",
            "`ltv token create` makes a new one.",
            documentation=_TOKENS,
        )
    if not token.may(scope):
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            f"The token {token.name} does not have the scope {scope}.",
            f"It has {', '.join(sorted(token.scopes))}.",
            documentation=_TOKENS,
        )
    return token.name


def presented_token(request: Request) -> str:
    """The token in the header, or else in the address; empty: there is none."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given.strip():
        return given.strip()
    return request.query_params.get("token", "")
