"""Tests of ingestion: what enters the raw log, what does not, and why."""
