"""All Dagster wiring: partitions, IO manager, assets, checks, jobs, and running them.

Everything that imports Dagster is here or in ``ltv_platform.definitions``; ``build`` brings it
together.
"""
