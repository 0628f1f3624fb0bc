"""What nobody may be able to do to the data: a table of cases, printed by ``make proof``.

A case does something bad to a fresh LTV_HOME and says in a few words what it saw; it holds if these
are the expected words. ``make test`` runs the same cases.
"""
