"""The snapshot that people read: how it is written, kept and queried."""
