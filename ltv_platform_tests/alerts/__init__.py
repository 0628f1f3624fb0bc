"""Tests of alerts: what is said, what is sent, and what is kept when nobody takes it."""
