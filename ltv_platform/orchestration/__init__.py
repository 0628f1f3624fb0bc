"""All Dagster wiring: partitions, IO manager, assets, checks, jobs, and running them.

Domain packages know nothing of Dagster; everything that does stands here and in
``ltv_platform.definitions``.
"""
