"""How a derived table is made: renders its SELECT, finds and cuts its inputs, hashes its code."""
