"""A refresh without an orchestrator: what is stale, and how it is built and checked."""
