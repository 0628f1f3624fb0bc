"""Tests of the tools for agents; the exam asks them as a client does."""
