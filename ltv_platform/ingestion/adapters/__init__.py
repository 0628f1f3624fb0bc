"""Adapters: from the columns of somebody's export to those of a source table.

An adapter is SQL from outside, so it runs in a database that holds the records of one file and
nothing else. What a value is, and which rows are good, is for ``rows`` to say.
"""
