"""Models of who buys again and what they spend, on arrays."""
