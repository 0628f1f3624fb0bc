"""How a derived table is made: its SELECT rendered, its inputs found and cut, its code hashed."""
