"""The nine constants of the local IHC engine, and the named sets of them.

The engine is an open approximation, not the trained model behind the IHC API.
"""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from ltv_platform.errors import UserError

if TYPE_CHECKING:
    from ltv_platform.settings import Settings


@dataclass(frozen=True)
class IhcParameters:
    """Constants of the local engine; the steps are in ``sql/macros/ihc_local.sql``.

    Attributes:
        window_hours: T; a longer pause ends the path, and credit fades towards it.
        pause_hours: d; a shorter pause starts no new initiation.
        exponent: p; bends the initiation by pauses between d and T.
        fast_share: a; share of the fast part of the closers' decay.
        fast_hours: tau_f; time constant of the fast part.
        slow_hours: tau_s; time constant of the slow part.
        initializer_weight: wI; the three weights add up to 1.
        holder_weight: wH.
        closer_weight: wC.
    """

    window_hours: float
    pause_hours: float
    exponent: float
    fast_share: float
    fast_hours: float
    slow_hours: float
    initializer_weight: float
    holder_weight: float
    closer_weight: float

    def __post_init__(self) -> None:
        """Refuse invalid constants.

        Raises:
            ValueError: one of them is out of its range, or not a finite number.
        """
        values = asdict(self)
        if wrong := [name for name, value in values.items() if not math.isfinite(value)]:
            raise ValueError(f"{', '.join(wrong)}: not a finite number")
        positive = {"window_hours", "exponent", "fast_hours", "slow_hours"}
        positive |= {name for name in values if name.endswith("_weight")}
        if wrong := sorted(name for name in positive if values[name] <= 0):
            raise ValueError(f"{', '.join(wrong)}: not above 0")
        if not 0 <= self.pause_hours < self.window_hours:
            raise ValueError("pause_hours: not between 0 and window_hours")
        if not 0 <= self.fast_share <= 1:
            raise ValueError("fast_share: not between 0 and 1")


#: The preset that `ltv attribution fit` writes.
FITTED: Final = "fitted"

PRESETS: Final = {
    "published": IhcParameters(312, 48, 1.4, 0.47, 1, 150, 1 / 3, 1 / 3, 1 / 3),
    "long": IhcParameters(312, 48, 1.4, 0.47, 1, 150, 0.345, 0.380, 0.275),
    "short": IhcParameters(52, 0, 1.25, 0.46, 0.4, 47, 0.323, 0.374, 0.303),
}


def ihc_parameters(settings: "Settings") -> IhcParameters:
    """The constants of the preset in the settings.

    Raises:
        UserError: the preset is ``fitted``, but nothing was fitted yet or the file is damaged.
    """
    if settings.ihc_preset == FITTED:
        return _fitted_parameters(settings)
    return PRESETS[settings.ihc_preset]


def _fitted_parameters(settings: "Settings") -> IhcParameters:
    path = settings.ihc_fit_path
    hint = "Create it with `ltv attribution fit`, or unset LTV_IHC_PRESET."
    try:
        constants = json.loads(path.read_text("utf-8"))["constants"]
        return IhcParameters(
            **{field.name: _number(field.name, constants) for field in fields(IhcParameters)}
        )
    except FileNotFoundError as error:
        raise UserError(f"LTV_IHC_PRESET is fitted, but there is no {path}.", hint) from error
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path} is not a fit of the local IHC engine ({error!r}).", hint
        ) from error


def _number(name: str, constants: Mapping[str, Any]) -> float:
    value = constants[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is {value!r}, not a number")
    return float(value)


def write_fit(
    settings: "Settings", parameters: IhcParameters, fitted_to: Mapping[str, Any]
) -> None:
    """Write fitted constants for the preset ``fitted``, atomically.

    Args:
        settings: Name the LTV_HOME.
        parameters: The constants.
        fitted_to: A description of the data they were fitted to.
    """
    content = {
        "what": "local IHC engine: an open approximation, fitted by `ltv attribution fit`",
        "constants": asdict(parameters),
        "fitted_to": dict(fitted_to),
    }
    path = settings.ihc_fit_path
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
