"""Hostile requests: what attackers and broken clients send, as a table, to a real server.

``inputs/`` has the table, in families; ``wire`` sends bytes as they are; ``watched`` is a server
that records which files it opens; ``verdicts`` decides whether an answer is harmless.
"""
