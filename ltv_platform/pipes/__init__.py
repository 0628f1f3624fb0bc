"""Pipes: named tables with fixed parameters, for programs that ask for figures.

A pipe is declared once: its table, its parameters, the statement that answers it (``declared/``).
``parameters`` reads what is asked, ``statements`` fills it into the SELECT of the table,
``answering`` runs it on the published snapshot, ``formats`` writes the answer. Nothing here knows
HTTP. Without filters, a pipe answers the published table itself; with filters, the same SELECT over
the customers that were chosen.
"""
