"""Results of a run's checks, for the one who started it."""

from dataclasses import dataclass

import dagster as dg

from ltv_platform.errors import UserError

#: Metadata key of a check: what the user must fix, and how.
ERROR, HINT = "error", "hint"


@dataclass(frozen=True)
class CheckMessage:
    """The result of a non-blocking check.

    Attributes:
        text: The problem; empty: the check passed.
        error: What the user must fix, such as a wrong key.
    """

    text: str
    error: UserError | None


def check_messages(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], CheckMessage]:
    """Results of the non-blocking checks of a run, by table and name of the check."""
    return {
        (".".join(check.asset_key.path), check.check_name): _message(check)
        for check in result.get_asset_check_evaluations()
        if check.severity is dg.AssetCheckSeverity.WARN or ERROR in check.metadata
    }


def _message(check: dg.AssetCheckEvaluation) -> CheckMessage:
    error, hint = (check.metadata.get(name) for name in (ERROR, HINT))
    return CheckMessage(
        "" if check.passed else check.description or "",
        UserError(str(error.value), str(hint.value)) if error and hint else None,
    )
