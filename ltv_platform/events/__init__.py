"""Events: rows that arrive one by one or in batches, safe on disk before they are acknowledged.

``bodies`` splits what was posted into rows. ``clearing`` passes the rows that certainly keep the
contract, ``judging`` asks the rules of ``ingestion.rows`` about the others. ``spool`` writes all of
them to ``segments``, one fsync for many requests, and hands complete segments to landing;
``leftovers`` does so for the segments of a server that was killed. ``intake`` is all of it together.
Nothing here knows HTTP.
"""
