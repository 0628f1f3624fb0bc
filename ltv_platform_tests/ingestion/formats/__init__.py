"""Bundled formats: files as the sources write them, against figures added up by hand."""
