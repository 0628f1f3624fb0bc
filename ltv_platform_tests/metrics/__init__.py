"""Tests that prove metrics.md line by line, through files, tables and the published snapshot."""
