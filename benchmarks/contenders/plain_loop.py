"""A refresh without an orchestrator: tables, checks, publish and reports, in one loop."""

from ltv_platform.export.channel_csv import write_channel_csv
from ltv_platform.published import snapshot
from ltv_platform.refresh.build import Work, build_tables
from ltv_platform.refresh.stale import what_is_stale
from ltv_platform.reports.campaigns import write_campaign_report
from ltv_platform.reports.channels import write_channel_report
from ltv_platform.reports.customers import write_customer_report
from ltv_platform.workspace import Workspace


def main() -> None:
    """Bring the home that the environment names up to date."""
    workspace = Workspace.open()
    engine, graph = workspace.engine, workspace.graph
    with engine.hold():
        work = Work.of_plan(what_is_stale(engine, graph).plan)
        for _ in build_tables(engine, graph.transforms, work):
            pass
        assert not work.left, work.failures
        snapshot.publish(engine, graph)
    for write in (
        write_campaign_report,
        write_channel_report,
        write_customer_report,
        write_channel_csv,
    ):
        write(workspace.settings)


if __name__ == "__main__":
    main()
