"""Tables made by a SELECT: rows of the core or files go in, rows of the marts come out."""
