"""Tests of users' own tables."""
