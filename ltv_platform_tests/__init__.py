"""Tests; the folders are those of the package, and a test's name is what it proves.

Beside them stand tests of the whole: ``metrics`` proves docs/metrics.md line by line with figures
added up by hand, ``end_to_end`` goes through the command line, ``proofs`` lists what nobody may be
able to do to the data, ``properties`` does it with random files, ``chaos`` with random kills,
``browser`` looks at the UI, ``benchmarks`` runs those of the checkout at a tiny scale. What several
of them use is in ``testing``.
"""
