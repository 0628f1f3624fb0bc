"""The IHC API on this machine, for tests and demos: its contract, its limits and its failures.

Its scores are those of the local engine, not of the trained model behind the API.
"""

from ltv_platform.attribution.ihc_api.simulator.contract import Limits
from ltv_platform.attribution.ihc_api.simulator.faults import FAULTS, Faults
from ltv_platform.attribution.ihc_api.simulator.server import Simulator

__all__ = ["FAULTS", "Faults", "Limits", "Simulator"]
