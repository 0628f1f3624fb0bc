"""Files as they arrive: a private copy, the kind of file, tables of workbooks and SQLite files.

Nothing here knows what a table of the platform is; records are taken apart in ``reading``.
"""
