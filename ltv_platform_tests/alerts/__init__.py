"""Tests of alerts: their messages, what is sent, and what is kept if nobody accepts it."""
