"""What makes a table: its SQL, its inputs, the hash of its code."""
