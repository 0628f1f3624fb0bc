"""The declarations of metrics, by subject."""
