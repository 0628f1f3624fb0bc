"""From texts to typed rows: the grammar of values, the rules of a contract, rows in conflict."""
