"""From files to the raw log: copy, recognize, read, adapt, validate, append or quarantine.

In the order in which a file passes through them: ``files`` takes a private copy, ``adapters``
recognizes exports and maps their columns to those of a source table, ``reading`` splits the copy
into records, ``rows`` types and judges them, ``suppression`` leaves out erased persons,
``quarantine`` lists and replays what was rejected.

``load`` runs one call from files to the log: ``taking`` finds the tables that a file feeds,
``explaining`` stops before the log. ``landing`` is the folder where files wait. ``warehouse``
stores the log.
"""
