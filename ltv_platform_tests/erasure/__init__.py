"""A person is erased and stays out, and nobody else is affected."""
