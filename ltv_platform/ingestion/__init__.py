"""From files to the raw log: copy, know, read, adapt, validate, quarantine, append.

``files`` takes a private copy (``sqlite_files`` of one table of a database, ``workbooks`` of one
sheet), ``recognition`` knows exports by their columns, ``taking`` says which tables a file feeds.
``readers`` makes a relation of records and ``records`` splits what the engine's reader cannot be
trusted with. ``adapter_files`` and ``adapter_texts`` find and parse adapters, ``file_relation``
gives them the columns that they declare, ``adapting`` runs them. ``validation`` types values and
gives reasons, ``judging`` applies it, ``staging`` brings one file through all of these,
``start_date`` knows where the partitions start, ``load`` drives one call from files to the log,
``explaining`` stops before it, ``landing`` is the folder where files wait, ``quarantine`` lists and
``replaying`` sends again what was rejected. How the log is stored belongs to ``warehouse``.
"""
