"""A person is erased, stays out, and nobody else is touched."""
