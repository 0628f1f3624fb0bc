"""What nobody may be able to do to the data: one case each, shown in a table by ``make proof``.

A case does something bad to a fresh LTV_HOME and says in a few words what it saw; it holds when
these are the words that were expected. ``make test`` runs the same cases.
"""
