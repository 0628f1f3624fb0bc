"""What things cost: ``make bench``, or ``python -m benchmarks --help``.

``data`` makes the rows, ``homes`` puts them into files and warehouses, ``processes`` runs each
contender in its own process and repeats them in turn, ``results`` keeps what was measured.
Then a module per benchmark (``cohorts``, ``ingest``, ``publish``, ``refresh``, ``end_to_end``),
each with its contenders, and ``charts`` and ``page``, which make docs/performance.md.

Contenders must give equal results before a time is printed; ratios are of medians of one run.
"""
