"""From a private copy to records: by the engine's reader where that is safe, else split by hand."""
