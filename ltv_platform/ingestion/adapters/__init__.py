"""Adapters map the columns of an export to those of a source table.

An adapter is untrusted SQL, so it runs in a database that holds only the records of one file.
``rows`` parses the values and decides which rows are valid.
"""
