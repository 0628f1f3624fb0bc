"""The HTTP server: a thin layer over the packages that answer.

``app`` assembles it, ``services`` holds what its routes share, ``access`` and ``tokens`` decide who
may ask, ``errors`` turns errors into answers, ``server`` runs it. Each other module has the routes
of one part, as ``router(services)``. It reads the published snapshot and never opens the warehouse.
Only this package, and the server of ``agents``, import FastAPI and uvicorn.
"""
