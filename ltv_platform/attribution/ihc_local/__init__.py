"""The IHC model without the API: parameters fitted to answers of the API, and how close they come.

The credits themselves are computed in SQL (``sql/macros/ihc_local.sql``).
"""
