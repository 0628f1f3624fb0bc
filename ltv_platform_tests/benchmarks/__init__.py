"""Tests of benchmarks/; they assert no times."""
