"""The command that removes a person: erase."""

from typing import TYPE_CHECKING, Annotated

import typer

from ltv_platform.cli.console import AsFormat, Format, progress, say, show
from ltv_platform.errors import UserError
from ltv_platform.workspace import Workspace

if TYPE_CHECKING:
    from ltv_platform.erasure.erase import Finding, Survey


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(erase)


def erase(
    customer_id: Annotated[
        str,
        typer.Argument(
            help="The person's customer id, or the e-mail address that an export's id "
            "was made from."
        ),
    ],
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be removed without changing anything."),
    ] = False,
    keep_out: Annotated[
        bool, typer.Option("--keep-out", help="Block the id even if it is not in the data yet.")
    ] = False,
    output: AsFormat = Format.TABLE,
) -> None:
    """Remove a person from everything under LTV_HOME, and block them from later loads."""
    from ltv_platform.attribution.ihc_api.access import check_api_access
    from ltv_platform.contracts.sources import GUEST
    from ltv_platform.erasure.erase import erase as remove
    from ltv_platform.erasure.erase import findings
    from ltv_platform.events.leftovers import hand_over
    from ltv_platform.ingestion.suppression.texts import trimmed
    from ltv_platform.locks import one_run, one_service

    workspace = Workspace.open()
    engine, settings = workspace.engine, workspace.settings
    person = trimmed(customer_id)
    if person is None:
        raise UserError("The customer id is empty.", "For example: ltv erase c123")
    if person == GUEST:
        raise UserError(
            f"{GUEST} is not a customer: it means all buyers without an account.",
            "To remove an order, load it with is_deleted; to erase a person, give their customer "
            "id.",
        )
    with progress("waiting for events in the spool"):
        hand_over(settings)
    if dry_run:
        seen = _survey(workspace, person, keep_out=keep_out)
        _show(findings(engine, seen), output)
        say("Dry run, nothing was changed. Without --dry-run, `ltv erase` does the following.")
        return
    check_api_access(settings)
    # `ltv up` caches the history, and would write it back.
    with progress("starting") as tell, one_service(settings), one_run(settings, tell):
        seen = _survey(workspace, person, keep_out=keep_out)
        done = remove(engine, seen, lambda: _refresh(workspace), tell)
    _show(done.findings, output)
    for note in done.notes:
        say(f"Note: {note}")
    for error in done.errors:
        say(f"Error: {error}")
    say(
        "Erased, and blocked from later loads. Not covered: files and backups outside "
        f"{settings.home}, and the systems that send the files."
    )
    if done.errors:
        raise typer.Exit(2)


def _survey(workspace: Workspace, person: str, *, keep_out: bool) -> "Survey":
    from ltv_platform.erasure.erase import survey
    from ltv_platform.erasure.files import ids_beside
    from ltv_platform.ingestion.adapters.person_ids import person_id

    seen = survey(workspace.engine, person, lambda _: None)
    if "@" in person:
        of_address = person_id(workspace.settings, person)
        if beside := ids_beside(workspace.engine, of_address):
            raise UserError(
                f"That address also belongs to the ids {', '.join(sorted(beside))}, in "
                f"{', '.join(sorted(set(beside.values())))}.",
                f"Erase them first (`ltv erase {min(beside)}`), then the address: only it "
                "leads to them.",
            )
        if not seen.is_known:
            say(f"In exports that give only the address, the person is {of_address}.")
            seen = survey(workspace.engine, of_address, lambda _: None)
        elif survey(workspace.engine, of_address, lambda _: None).is_known:
            say(
                f"The person has another id, made from the address: run `ltv erase {of_address}` "
                "too."
            )
    if not seen.is_known and not keep_out:
        raise UserError(
            f"{person!r} was not found in {workspace.settings.home}; nothing was changed.",
            "Check the spelling, including capitals; --keep-out blocks the id from later loads "
            "anyway.",
        )
    return seen


def _refresh(workspace: Workspace) -> None:
    from ltv_platform.orchestration.foreground import bring_up_to_date

    bring_up_to_date(workspace.engine, workspace.graph, lambda _: None)


def _show(found: "list[Finding]", output: Format) -> None:
    show(
        ["where", "what", "count", "becomes"],
        [(each.location, each.what, each.count, each.becomes) for each in found],
        output,
    )
