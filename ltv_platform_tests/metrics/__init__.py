"""docs/metrics.md proved line by line, with figures added up by hand.

No mirror of a package: a figure goes through files, tables of all groups and the snapshot.
"""
