"""Commands about alerts: list open ones, test the webhook."""

from datetime import datetime

import typer

from ltv_platform.cli.console import AsFormat, Format, say, show
from ltv_platform.errors import UserError

alerts = typer.Typer(help="Show open alerts and test the webhook.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(alerts, name="alerts")


@alerts.command("list")
def list_alerts(output: AsFormat = Format.TABLE) -> None:
    """Show open alerts and messages waiting to be sent."""
    from ltv_platform.alerts import Alerts
    from ltv_platform.settings import load_settings

    settings = load_settings()
    known = Alerts(settings)
    rows = [
        (a.kind, a.key, a.what, _minute(a.since), _minute(a.last), a.times, _minute(a.queued))
        for a in known.open_alerts()
    ]
    show(["kind", "key", "what", "since", "last_seen", "times", "queued"], rows, output)
    waiting, answer = known.waiting()
    if waiting:
        result = f"; the webhook answered {answer}" if answer else ""
        say(f"Messages waiting to be sent: {waiting:,}{result}.")
    if settings.alert_webhook is None:
        say("LTV_ALERT_WEBHOOK is not set: no alerts are sent.")
    elif not rows:
        say("No open alerts.")


def _minute(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d %H:%M}"


@alerts.command("test")
def send_test() -> None:
    """Send a test message to LTV_ALERT_WEBHOOK and show the response."""
    from ltv_platform.alerts import Alerts
    from ltv_platform.settings import load_settings

    known = Alerts(load_settings())
    answer = known.test()
    if answer is None:
        raise UserError(
            "LTV_ALERT_WEBHOOK is not set: alerts are kept but not sent.",
            "Set it to the address of a Slack-compatible incoming webhook.",
        )
    if not answer.delivered:
        raise UserError(
            f"The webhook did not accept the test message; it answered {answer.text}.",
            "Check LTV_ALERT_WEBHOOK and that this machine can reach it; `ltv alerts list` shows "
            "what is waiting.",
        )
    say(f"The webhook accepted the test message; it answered {answer.text}.")
    if waiting := known.waiting()[0]:
        say(f"Messages still waiting: {waiting:,}.")
