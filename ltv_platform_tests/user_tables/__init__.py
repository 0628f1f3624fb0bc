"""Tests of tables of people's own."""
