"""Which pipes there are: one declaration each, one module per group."""

from collections.abc import Mapping

from ltv_platform.contracts import build_catalog
from ltv_platform.pipes.declared.campaigns import campaign_pipes
from ltv_platform.pipes.declared.channels import channel_pipes
from ltv_platform.pipes.declared.customers import customer_pipes
from ltv_platform.pipes.declared.quarantine import quarantine_pipes
from ltv_platform.pipes.model import Pipe
from ltv_platform.settings import Settings


def all_pipes(settings: Settings) -> Mapping[str, Pipe]:
    """All pipes under given settings, by name."""
    catalog = build_catalog(settings)
    return {
        pipe.name: pipe
        for pipe in (
            *customer_pipes(catalog, settings),
            *campaign_pipes(catalog, settings),
            *channel_pipes(catalog),
            *quarantine_pipes(catalog),
        )
    }
