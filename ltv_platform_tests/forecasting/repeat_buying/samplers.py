"""Samplers that replace pymc-marketing, which need not be installed."""

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest


class Sampler:
    """Replaces a model of pymc-marketing: keeps its data, draws around given means."""

    def __init__(self, means: dict[str, float], apart: float = 0.0) -> None:
        self.means, self.apart = means, apart
        self.given: dict[str, Any] = {}

    def __call__(self) -> "Sampler":
        return self

    def fit(self, **given: Any) -> None:
        self.given = given
        noise = np.random.default_rng(0).normal(0, 0.01, (2, given["draws"]))
        noise -= noise.mean()
        noise += np.array([[-self.apart], [self.apart]])
        drawn = {
            name: SimpleNamespace(values=mean * (1 + noise)) for name, mean in self.means.items()
        }
        self.idata = SimpleNamespace(posterior=Posterior(drawn))


class Posterior(dict[str, Any]):
    """A mapping that knows its variables, as a Dataset does."""

    @property
    def data_vars(self) -> list[str]:
        return list(self)


def install(monkeypatch: pytest.MonkeyPatch, **models: Sampler) -> None:
    """Replaces pymc-marketing's models by samplers."""
    monkeypatch.setitem(
        sys.modules, "pymc_marketing", SimpleNamespace(clv=SimpleNamespace(**models))
    )
