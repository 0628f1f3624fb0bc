"""From files to the raw log: copy, read, adapt, validate, quarantine, append.

``files`` takes a private copy (``sqlite_files`` of one table of a database), ``readers`` makes
it a relation of records and ``records`` splits what the engine's reader cannot be trusted with,
``adapters`` maps foreign columns onto a source's, ``validation`` types values and gives reasons,
``staging`` brings one file through all of these, ``start_date`` knows where the partitions
start, ``load`` drives one call from files to the log, ``landing`` is the folder where files
wait, ``quarantine`` lists and replays what was rejected. How the log is stored belongs to
``warehouse``.
"""
