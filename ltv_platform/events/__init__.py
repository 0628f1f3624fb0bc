"""Events: rows that arrive one by one or in batches, safe on disk before they are acknowledged.

``bodies`` splits what was posted into rows. ``clearing`` passes the rows that certainly keep the
contract, ``judging`` asks the rules of ``ingestion.rows`` about the others. ``spool`` writes all of
them to ``segments``, one fsync for many requests, and moves complete segments to landing;
``leftovers`` moves those of a server that was killed. ``intake`` combines all of it.
Nothing here knows HTTP.
"""
