"""Commands of the HTTP server: serve, token."""

from typing import Annotated

import typer

from ltv_platform.cli.console import AsFormat, Format, answer, say, show

token = typer.Typer(help="Create, list and revoke tokens of the HTTP API.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(serve)
    app.add_typer(token, name="token")


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any free one.")] = 8123,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    access_log: Annotated[
        bool, typer.Option("--access-log", help="Log a line per request, without its query.")
    ] = False,
) -> None:
    """Serve events, figures and the dashboard over HTTP until SIGTERM or Ctrl-C."""
    from ltv_platform.serving.server import serve as serve_http
    from ltv_platform.workspace import Workspace

    serve_http(Workspace.open().settings, host, port, say, access=access_log)


_NAME = Annotated[str, typer.Argument(help="Name of the token.")]


@token.command("create")
def create(
    name: _NAME,
    scope: Annotated[
        list[str],
        typer.Option(
            help="ADMIN, READ:<pipe or metric> or APPEND:<source>; READ:* and APPEND:* stand for "
            "all. Repeat it for several."
        ),
    ],
) -> None:
    """Create a token and print it, this once."""
    from ltv_platform.serving.scopes import refuse_unknown_names
    from ltv_platform.serving.tokens import create_token
    from ltv_platform.workspace import Workspace

    settings = Workspace.open().settings
    refuse_unknown_names(settings, scope)
    created = create_token(settings, name, scope)
    say(f"Token {name}; it is not shown again:")
    answer(created)


@token.command("list")
def list_all(output: AsFormat = Format.TABLE) -> None:
    """Show the names and scopes of all tokens."""
    from ltv_platform.serving.tokens import list_tokens
    from ltv_platform.settings import load_settings

    rows = [
        (one.name, ", ".join(sorted(one.scopes)), f"{one.created_at:%Y-%m-%d %H:%M}")
        for one in list_tokens(load_settings())
    ]
    show(["name", "scopes", "created_at"], rows, output)


@token.command("revoke")
def revoke(name: _NAME) -> None:
    """Revoke a token; running servers refuse it at once."""
    from ltv_platform.serving.tokens import revoke_token
    from ltv_platform.workspace import Workspace

    left = revoke_token(Workspace.open().settings, name)
    say(f"Token {name} is revoked.")
    if not left:
        say("No token is left: the server refuses every request until you create one.")
