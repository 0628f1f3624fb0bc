"""Customer marts: figures, bad input, properties, and real data against another computation."""
