"""Files of each bundled format, as its source writes them, on their way into the raw tables."""
