"""The HTTP server: who may ask, what is refused, what is measured, and a real process."""
