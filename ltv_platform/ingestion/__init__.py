"""From files to the raw log: copy, read, adapt, validate, quarantine, append.

``files`` takes a private copy, ``readers`` makes it a relation, ``adapters`` maps foreign
columns onto a source's, ``validation`` types values and gives reasons, ``load`` drives one
call from files to the log, ``landing`` is the folder where files wait, ``quarantine`` lists and
replays what was rejected. How the log is stored belongs to ``warehouse``.
"""
