"""The embedded engine: writes, schema versions, the file of the warehouse."""
